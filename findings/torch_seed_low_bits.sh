#!/usr/bin/env bash
# On the CPU, PyTorch seeds that differ by 2^32 draw the same numbers.
#
# Version:   PyTorch 2.13.0, CPU build.
# One would guess: manual_seed takes 64 bits and initial_seed gives all of them back, so different seeds are different
#            pictures; 64-bit hashes or times in nanoseconds make good seeds.
# Seen:      the CPU's Mersenne Twister is seeded with the low 32 bits alone. Seeds s and s + 2^32 give equal randn,
#            rand, randperm and even 62-bit randint, while initial_seed tells them apart and checkpoints and logs show
#            two seeds. Seeds made as `run << 32 | index` draw the same for every run; -1 and 4294967295 are one seed.
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

seen=$("$python" - <<'PY'
import torch

draws = {
    "randn": lambda g: torch.randn(3, 16, 16, generator=g),
    "rand": lambda g: torch.rand(100, generator=g),
    "randperm": lambda g: torch.randperm(1000, generator=g),
    "randint": lambda g: torch.randint(2**62, (100,), generator=g),
}


def compare(first, second):
    a, b = (torch.Generator().manual_seed(seed) for seed in (first, second))
    print("initial_seed", "same" if a.initial_seed() == b.initial_seed() else "differs", end="")
    for name, draw in draws.items():
        print(f", {name}", "same" if torch.equal(draw(a), draw(b)) else "differs", end="")
    print(f"  ({first}, {second})")


compare(7, 8)
compare(7, 7 + 2**32)
compare(-1, 2**32 - 1)
PY
)
echo "$seen"
[ "$seen" = "initial_seed differs, randn differs, rand differs, randperm differs, randint differs  (7, 8)
initial_seed differs, randn same, rand same, randperm same, randint same  (7, 4294967303)
initial_seed differs, randn same, rand same, randperm same, randint same  (-1, 4294967295)" ] || exit 1
echo "as stated"
