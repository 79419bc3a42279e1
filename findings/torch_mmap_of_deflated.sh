#!/usr/bin/env bash
# torch.load reads a checkpoint that was zipped anew with compression, and with mmap=True gets other numbers from it.
#
# Version:   PyTorch 2.13.0, CPU build.
# One would guess: mmap=True changes where the bytes lie and nothing else, or is refused where that cannot be.
# Seen:      a .pt file is a zip archive, and torch.load inflates members that a zip tool has deflated: the tensors are
#            equal. With mmap=True they are laid over the compressed bytes and what follows them, with no error and no
#            warning: right names, shapes and types, wrong weights. Only a tensor that would reach past the end of the
#            file, such as a large one that comes last, ends in an error, about a storage that is not resizable. Zipped
#            anew without compression, both ways are right.
# PYTHON may name a Python that has this version of PyTorch; otherwise the CPU build is installed (some 200 MB), for
# which pip must be set up with an index that has it.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

python=${PYTHON:-$scratch/venv/bin/python}
if [ -z "${PYTHON:-}" ]; then
  python3 -m venv "$scratch/venv" && "$python" -m pip install -q torch==2.13.0+cpu numpy==2.4.6 ||
    cannot_tell "no CPU build of torch 2.13.0"
fi
version=$("$python" -c 'import torch; print(torch.__version__)') || cannot_tell "$python has no torch"
echo "torch $version"
[ "${version%%+*}" = 2.13.0 ] || cannot_tell "another version of torch"

seen=$(cd "$scratch" && "$python" - <<'PY'
import zipfile

import torch

small = {"bias": torch.zeros(64), "weight": torch.randn(8, 3, 3, 3, generator=torch.Generator().manual_seed(0))}
large = {"weight": torch.zeros(100_000)}


def zip_anew(weights, method):
    torch.save(weights, "saved.pt")
    with zipfile.ZipFile("saved.pt") as saved, zipfile.ZipFile("again.pt", "w") as again:
        for member in saved.namelist():
            again.writestr(member, saved.read(member), compress_type=method)


def load(weights, mmap):
    try:
        loaded = torch.load("again.pt", mmap=mmap, weights_only=True)
    except RuntimeError:
        return "error"
    assert all(loaded[name].shape == weights[name].shape for name in weights)
    return "equal" if all(torch.equal(loaded[name], weights[name]) for name in weights) else "other values"


for name, weights in (("small", small), ("large", large)):
    for way, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        zip_anew(weights, method)
        print(f"{name}, {way}: {load(weights, False)}, with mmap {load(weights, True)}")
PY
) || exit 1
echo "$seen"
[ "$seen" = "small, stored: equal, with mmap equal
small, deflated: equal, with mmap other values
large, stored: equal, with mmap equal
large, deflated: equal, with mmap error" ] || exit 1
echo "as stated"
