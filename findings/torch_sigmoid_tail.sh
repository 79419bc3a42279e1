#!/usr/bin/env bash
# The sigmoid or SiLU of a number on the CPU depends on how many numbers stand before and behind it.
#
# Version:   PyTorch 2.13.0, CPU build, on an x86-64 processor.
# One would guess: functions of single elements, in float32, give the same number for the same element wherever it
#            stands, so that a picture computed alone and one in a batch are equal to the bit as far as these go.
# Seen:      exp and tanh do. sigmoid and silu are computed two vectors at a time, and what is left at the end (of a
#            tensor, or of the part that a thread has) by another formula: with AVX-512, of 48 numbers the last 16 go
#            that way, and about 4 % of them end in another last bit than in a row of 64. No error is large; that
#            they are there at all is what a test of equal bytes stumbles over.
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

seen=$("$python" - <<'PY'
import torch

torch.set_num_threads(1)
rows = torch.randn(4096, 64, generator=torch.Generator().manual_seed(0))


def places(function, count):
    """Where one of the first `count` numbers of a row is another one than in the whole row."""
    differ = torch.zeros(count, dtype=torch.bool)
    for row in rows:
        differ |= function(row[:count].clone()) != function(row)[:count]
    return "none" if not differ.any() else "the last ones" if not differ[0] and differ[-1] else "elsewhere"


for name in ("exp", "tanh", "sigmoid"):
    print(f"{name}: of 48 numbers {places(getattr(torch, name), 48)}, of 64 {places(getattr(torch, name), 64)}")
print(f"silu: of 48 numbers {places(torch.nn.functional.silu, 48)}, of 64 {places(torch.nn.functional.silu, 64)}")
print("capability", torch.backends.cpu.get_cpu_capability())
PY
) || exit 1
echo "$seen"
case "$seen" in *"capability AVX512") ;; *) cannot_tell "the processor has no AVX-512, where vectors are shorter" ;; esac
[ "${seen%capability*}" = "exp: of 48 numbers none, of 64 none
tanh: of 48 numbers none, of 64 none
sigmoid: of 48 numbers the last ones, of 64 none
silu: of 48 numbers the last ones, of 64 none
" ]
