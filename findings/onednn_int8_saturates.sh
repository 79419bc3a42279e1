#!/usr/bin/env bash
# PyTorch's product of 8-bit whole numbers on the CPU is wrong by all of its value where the processor has no VNNI.
#
# Version:   PyTorch 2.13.0, CPU build, with the oneDNN in it, on an x86-64 processor.
# One would guess: onednn::qlinear_pointwise, which torch.compile's quantised networks call, multiplies bytes and adds
#            them up in 32 bits everywhere, faster on some processors than on others; or refuses to.
# Seen:      held to AVX2 it adds up two products in 16 bits first, and what does not fit is cut at 32767. Rows of 255
#            (counted from 128, so 127) by weights of 127 sum up to 64 * 127 * 127 = 1032256; it says 8160. There is
#            neither an error nor a warning. With weights of half the size it is right, and so it is with AVX-512 VNNI.
#            oneDNN's guide mentions it; the operator does not.
# PYTHON may name a Python that has this version of PyTorch; otherwise the CPU build is installed (some 200 MB), for
# which pip must be set up with an index that has it.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

[ "$(uname -m)" = x86_64 ] || cannot_tell "another kind of processor"
python=${PYTHON:-$scratch/venv/bin/python}
if [ -z "${PYTHON:-}" ]; then
  python3 -m venv "$scratch/venv" && "$python" -m pip install -q torch==2.13.0+cpu numpy==2.4.6 ||
    cannot_tell "no CPU build of torch 2.13.0"
fi
version=$("$python" -c 'import torch; print(torch.__version__)') || cannot_tell "$python has no torch"
echo "torch $version"
[ "${version%%+*}" = 2.13.0 ] || cannot_tell "another version of torch"

seen=$(ONEDNN_MAX_CPU_ISA=AVX2 "$python" - <<'PY'
import torch


def product(row, weight):
    x = torch.full((4, 64), row, dtype=torch.uint8)
    w = torch.full((8, 64), weight, dtype=torch.int8)
    packed = torch.ops.onednn.qlinear_prepack(w, [4, 64])
    y = torch.ops.onednn.qlinear_pointwise(x, 1.0, 128, packed, torch.ones(8), torch.zeros(8, dtype=torch.int64), None,
                                           1.0, 0, torch.float32, "none", [], "")
    return f"{row} by {weight}: {y.unique().tolist()}, right is {64 * (row - 128) * weight}"


print(product(255, 127))
print(product(255, 63))
PY
) || exit 1
echo "$seen"
[ "$seen" = "255 by 127: [8160.0], right is 1032256
255 by 63: [512064.0], right is 512064" ]
