#!/usr/bin/env bash
# A DistributedDataParallel run on Gloo that is stopped and resumed ends in other bytes than one that was not.
#
# Version:   PyTorch 2.13.0, CPU build.
# One would guess: with the weights, the optimiser's state and the data of each step the same, a run that goes on from
#            its saved state takes the steps that it would have taken; every sum is of the same numbers by the same
#            processes. Two runs from the start are equal to the bit, and so are resumed ones of two processes.
# Seen:      from three processes on they differ in the last bits. Gloo's all-reduce adds an element's terms in an order
#            that depends on where in the buffer it stands, and DDP lays its buckets out anew after its first backward
#            pass, by the order in which gradients came: the first step after a resumption runs on the first layout,
#            while the run that was not stopped is long on the second.
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

cat > "$scratch/runs.py" <<'PY'
import hashlib
import os
import socket

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

STEPS, HALF = 6, 3


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(*[m for _ in range(6) for m in (torch.nn.Linear(97, 97), torch.nn.Tanh())])


def train(rank, model, optimiser, steps):
    parallel = DistributedDataParallel(model, bucket_cap_mb=0.05)
    for step in steps:
        x = torch.randn(8, 97, generator=torch.Generator().manual_seed(1000 * step + rank))
        optimiser.zero_grad()
        parallel(x).square().mean().backward()
        optimiser.step()


def digest(model):
    return hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in model.parameters())).hexdigest()


def adam(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)


def work(rank, ranks, port):
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = "127.0.0.1", str(port)
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    whole = []
    for _ in range(2):
        model = network()
        train(rank, model, adam(model), range(STEPS))
        whole.append(digest(model))
    first = network()
    optimiser = adam(first)
    train(rank, first, optimiser, range(HALF))
    second = network()
    second.load_state_dict(first.state_dict())
    resumed = adam(second)
    resumed.load_state_dict(optimiser.state_dict())
    train(rank, second, resumed, range(HALF, STEPS))
    if rank == 0:
        word = {True: "equal", False: "different"}
        print(f"{ranks} ranks: twice {word[whole[0] == whole[1]]}, resumed {word[digest(second) == whole[0]]}", flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    for ranks in (2, 3):
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        mp.spawn(work, (ranks, port), nprocs=ranks)
PY
seen=$("$python" "$scratch/runs.py" 2> "$scratch/errors") || { cat "$scratch/errors"; cannot_tell "the processes did not run"; }
echo "$seen"
[ "$seen" = "2 ranks: twice equal, resumed equal
3 ranks: twice equal, resumed different" ]
