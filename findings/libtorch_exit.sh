#!/usr/bin/env bash
# A program that links LibTorch and does nothing spends a quarter of its time and more after main() has returned.
#
# Version:   PyTorch 2.13.0, CPU build, its libtorch_cpu.so, g++ on Linux.
# One would guess: what is slow is the start, when libraries are loaded and thousands of operators are registered; at the
#            end the system takes the memory back at once.
# Seen:      static destructors take the registries apart again, operator by operator: with `return 0` an empty program
#            needs 1.4 times the processor time that it needs with _Exit(0) (.23 and .16 s on a Zen 4 server).
#            A command line tool that is called often wins more by that one line than by most others.
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

libraries=$("$python" -c 'import torch, os; print(os.path.join(os.path.dirname(torch.__file__), "lib"))') || exit 77
cat > "$scratch/empty.cpp" <<'CPP'
#include <cstdlib>

int main(int count, char**) {
  if (count > 1) std::_Exit(0);
  return 0;
}
CPP
c++ "$scratch/empty.cpp" -o "$scratch/empty" -L"$libraries" -Wl,-rpath,"$libraries" -Wl,--no-as-needed -ltorch_cpu -lc10 ||
  cannot_tell "needs a C++ compiler"

"$python" - "$scratch/empty" <<'PY'
import resource
import subprocess
import sys


def processor_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


rounds = [(processor_seconds([sys.argv[1]]), processor_seconds([sys.argv[1], "at once"])) for _ in range(20)]
returned, at_once = (min(times) for times in zip(*rounds))
print(f"return 0: {returned:.3f} s, _Exit(0): {at_once:.3f} s, {returned / at_once:.2f} times")
sys.exit(returned / at_once < 1.2)
PY
