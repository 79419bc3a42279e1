#!/usr/bin/env bash
# Pillow 13 resizes to other pixels than Pillow 12, with the same filter and the same arguments.
#
# Versions:  Pillow 12.3.0 and 13.0.0.
# One would guess: Image.resize is settled arithmetic, so that pictures resized for training, or for a score that is
#            compared with published numbers, are equal whatever Pillow resized them.
# Seen:      both filter one axis after the other, and round and clip to bytes between the passes. Pillow 12 always
#            begins with the rows; Pillow 13 begins with the columns for some shapes, about those where the height
#            shrinks by more than the width, and then other values are clipped. A grey picture of 2x3 made 3x2, BICUBIC:
#              12.3.0:  26 101 176 202 101 0
#              13.0.0:  15 101 187 214 101 0
#            Noise of 375x500 made 256x256 differs in a quarter of its values, the same lying (500x375) in none.
#            Resizing one axis a call, in the order one wants, gives the same bytes with both.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

cat > "$scratch/resize.py" <<'PY'
import random

import PIL
from PIL import Image

BICUBIC = Image.Resampling.BICUBIC
small = Image.frombytes("L", (2, 3), bytes([0, 255, 90, 30, 255, 0]))
print("2x3 to 3x2:", *small.resize((3, 2), BICUBIC).tobytes())


def order(width, height):
    picture = Image.frombytes("L", (width, height), random.Random(0).randbytes(width * height))
    both = picture.resize((256, 256), BICUBIC).tobytes()
    rows_first = picture.resize((256, height), BICUBIC).resize((256, 256), BICUBIC).tobytes()
    columns_first = picture.resize((width, 256), BICUBIC).resize((256, 256), BICUBIC).tobytes()
    if rows_first == columns_first:
        return "the same either way"
    return {rows_first: "rows first", columns_first: "columns first"}.get(both, "neither order")


print("375x500 to 256x256:", order(375, 500))
print("500x375 to 256x256:", order(500, 375))
PY

seen() {
  python3 -m venv "$scratch/$1" && "$scratch/$1/bin/pip" install -q "pillow==$1" >&2 || return 77
  "$scratch/$1/bin/python" "$scratch/resize.py"
}
before=$(seen 12.3.0) || cannot_tell "Pillow 12.3.0 did not install or run"
after=$(seen 13.0.0) || cannot_tell "Pillow 13.0.0 did not install or run"
printf 'Pillow 12.3.0\n%s\nPillow 13.0.0\n%s\n' "$before" "$after"

[ "$before" = "2x3 to 3x2: 26 101 176 202 101 0
375x500 to 256x256: rows first
500x375 to 256x256: rows first" ] || exit 1
[ "$after" = "2x3 to 3x2: 15 101 187 214 101 0
375x500 to 256x256: columns first
500x375 to 256x256: rows first" ] || exit 1
echo "as stated"
