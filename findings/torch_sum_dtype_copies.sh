#!/usr/bin/env bash
# x.sum(0, dtype=torch.float32) of a bfloat16 tensor copies all of it to float32 first; without dtype it does not.
#
# Version:   PyTorch 2.13.0, CPU build.
# One would guess: dtype names the type of the sums ("the desired data type of returned tensor"), so that values are
#            converted as they are read, in one pass and with the memory of the result: the natural way to have the
#            gradient of a bias in float32 under mixed precision.
# Seen:      "If specified, the input tensor is casted to dtype before the operation is performed" is meant literally on a
#            CPU: of 1024 x 8192 values, 16 MB, a copy of 32 MB is made. mean() and linalg.vector_norm() do the same.
#            Without dtype the values are added up in float32 as they are read and rounded once at the end; that took an
#            eighth of the time here.
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

seen=$("$python" 2>/dev/null - <<'PY'
import torch
from torch.profiler import ProfilerActivity, profile

x = torch.ones(1024, 8192, dtype=torch.bfloat16)


def copied(what, operation):
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as measured:
        operation()
    events = {event.key: event for event in measured.key_averages()}
    copy = events.get("aten::_to_copy")
    print("copied for", what, copy.cpu_memory_usage if copy else 0)


copied("sum", lambda: x.sum(0))
copied("sum in float32", lambda: x.sum(0, dtype=torch.float32))
copied("norm in float32", lambda: torch.linalg.vector_norm(x, dim=0, dtype=torch.float32))
print("1024 ones without dtype", x.sum(0)[0].item())
PY
)
seen=$(grep -v USDT <<<"$seen")
echo "$seen"
[ "$seen" = "copied for sum 0
copied for sum in float32 33554432
copied for norm in float32 33554432
1024 ones without dtype 1024.0" ] || exit 1
echo "as stated"
