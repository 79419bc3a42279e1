#!/usr/bin/env bash
# safetensors 0.8 saves a NumPy array that is a view with its values in another order, where 0.7 saved it right.
#
# Versions:  safetensors 0.7.0 and 0.8.0, NumPy 2.4.6.
# One would guess: save_file of safetensors.numpy copies what is not in C order, as numpy.save does, or refuses it, as
#            save_file of safetensors.torch does.
# Seen:      0.7.0 writes the array's values. 0.8.0 takes the bytes from the view's first one on, as they lie in memory,
#            under the view's shape: a transposed array comes back with its values permuted, and [:, ::2] with columns
#            that are no part of it. There is no error, and shape and dtype are right. A converter that transposes
#            a layer's weights needs numpy.ascontiguousarray.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

cat > "$scratch/views.py" <<'PY'
import sys

import numpy
from safetensors.numpy import load_file, save_file

base = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
for name, view in (("whole", base), ("transposed", base.T), ("every other column", base[:, ::2])):
    save_file({"x": view}, sys.argv[1])
    print(f"{name}: {view.astype(int).tolist()} reads back as {load_file(sys.argv[1])['x'].astype(int).tolist()}")
PY

seen() {
  python3 -m venv "$scratch/$1" && "$scratch/$1/bin/pip" install -q "safetensors==$1" numpy==2.4.6 >&2 || return 77
  "$scratch/$1/bin/python" "$scratch/views.py" "$scratch/x.safetensors"
}
before=$(seen 0.7.0) || cannot_tell "safetensors 0.7.0 did not install or run"
after=$(seen 0.8.0) || cannot_tell "safetensors 0.8.0 did not install or run"
printf 'safetensors 0.7.0\n%s\nsafetensors 0.8.0\n%s\n' "$before" "$after"

[ "$before" = "whole: [[0, 1, 2], [3, 4, 5]] reads back as [[0, 1, 2], [3, 4, 5]]
transposed: [[0, 3], [1, 4], [2, 5]] reads back as [[0, 3], [1, 4], [2, 5]]
every other column: [[0, 2], [3, 5]] reads back as [[0, 2], [3, 5]]" ] || exit 1
[ "$after" = "whole: [[0, 1, 2], [3, 4, 5]] reads back as [[0, 1, 2], [3, 4, 5]]
transposed: [[0, 3], [1, 4], [2, 5]] reads back as [[0, 1], [2, 3], [4, 5]]
every other column: [[0, 2], [3, 5]] reads back as [[0, 1], [2, 3]]" ] || exit 1
echo "as stated"
