#!/usr/bin/env bash
# torch.set_num_threads() is neither the process's nor the calling thread's: threads that have computed keep their number.
#
# Version:   PyTorch 2.13.0, CPU build.
# One would guess: a process has one number of threads for an operation ("sets the number of threads used for intraop
#            parallelism on CPU"), so that a server sets it once, anywhere; or it is the calling thread's own, so that a
#            worker that asks for 1 leaves the others alone.
# Seen:      the calling thread and every thread that first asks afterwards have the new number, the main thread and
#            workers that have asked before keep the old one. A worker's set_num_threads(1) leaves the main thread with 3
#            and makes every worker that comes later serial, without a word.
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
from concurrent.futures import ThreadPoolExecutor

import torch


def asked(worker):
    return worker.submit(torch.get_num_threads).result()


first, second, third = (ThreadPoolExecutor(1) for _ in range(3))
torch.set_num_threads(3)
print("main", torch.get_num_threads(), "first", asked(first))
second.submit(torch.set_num_threads, 1).result()
print("main", torch.get_num_threads(), "first", asked(first), "second", asked(second), "third", asked(third))
PY
)
echo "$seen"
[ "$seen" = "main 3 first 3
main 3 first 3 second 1 third 1" ] || exit 1
echo "as stated"
