#!/usr/bin/env bash
# Pillow turns a TIFF upright by itself when it is opened, and a JPEG, PNG or WebP with the same tag not.
#
# Version:   Pillow 13.0.0.
# One would guess: opening a picture never applies its Orientation tag; that is what ImageOps.exif_transpose is for. So
#            a loader that leaves it out gets the stored pixels of every format, and one that reads the tag and turns
#            the pixels itself is right for every format.
# Seen:      of a stored picture of 3x2 with Orientation 6 (a quarter turn), JPEG, PNG and WebP give 3x2 and keep the
#            tag. TIFF says 2x3 before any pixel is read, while the tag still says 6, and turns the pixels when they are
#            loaded; then the tag is gone. A loader without exif_transpose sees TIFF alone upright, and one that asks
#            for the tag before the pixels turns a TIFF twice.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

python3 -m venv "$scratch/venv" && "$scratch/venv/bin/pip" install -q pillow==13.0.0 ||
  cannot_tell "Pillow did not install"
seen=$("$scratch/venv/bin/python" - <<'PY'
import io

from PIL import Image, features

ORIENTATION = 0x0112
stored = Image.frombytes("RGB", (3, 2), bytes(40 * i for i in range(6) for _ in range(3)))
exif = Image.Exif()
exif[ORIENTATION] = 6
for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
    if kind == "WEBP" and not features.check("webp"):
        raise SystemExit(77)
    file = io.BytesIO()
    stored.save(file, kind, exif=exif)
    picture = Image.open(file)
    before = f"{picture.size} tag {picture.getexif().get(ORIENTATION)}"
    picture.load()
    print(kind, "opened", before, "loaded", picture.size, "tag", picture.getexif().get(ORIENTATION))
    if kind == "TIFF":
        print("TIFF pixels", *picture.getchannel(0).tobytes())
PY
) || cannot_tell "Pillow lacks a format or did not run"
echo "$seen"
[ "$seen" = "JPEG opened (3, 2) tag 6 loaded (3, 2) tag 6
PNG opened (3, 2) tag 6 loaded (3, 2) tag 6
WEBP opened (3, 2) tag 6 loaded (3, 2) tag 6
TIFF opened (2, 3) tag 6 loaded (2, 3) tag None
TIFF pixels 120 0 160 40 200 80" ] || exit 1
echo "as stated"
