#!/usr/bin/env bash
# libtiff's "oriented" reader reports success for a picture that needs a quarter turn, and only mirrors it.
#
# Version:   libtiff 4.5.0 (Debian 12: libtiff-dev).
# One would guess: TIFFReadRGBAImageOriented(..., ORIENTATION_TOPLEFT, ...) heeds the file's Orientation tag and gives
#            the picture as it is to be seen, or fails where it cannot.
# Seen:      orientations 1 to 4 come out upright. 5 to 8, the quarter turns, get the pixels of 1 to 4, in the stored
#            width and height, and the call returns 1: the letter F of a camera held upright comes out lying and
#            mirrored, which is worse than with the tag ignored. Of the stored rows `0 1 2 / 3 4 5`, orientation 6 gives
#            `2 1 0 / 5 4 3`; upright would be `3 0 / 4 1 / 5 2`.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

cat > "$scratch/oriented.c" <<'C'
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

enum { kWidth = 3, kHeight = 2 };

static void write_picture(const char* path, int orientation) {
  TIFF* file = TIFFOpen(path, "w");
  TIFFSetField(file, TIFFTAG_IMAGEWIDTH, kWidth);
  TIFFSetField(file, TIFFTAG_IMAGELENGTH, kHeight);
  TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, 8);
  TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  TIFFSetField(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(file, TIFFTAG_ORIENTATION, orientation);
  for (int y = 0; y < kHeight; ++y) {
    unsigned char row[kWidth] = {3 * y, 3 * y + 1, 3 * y + 2};
    TIFFWriteScanline(file, row, y, 0);
  }
  TIFFClose(file);
}

int main(int count, char** arguments) {
  if (count != 2) return 2;
  printf("%.*s\n", (int)strcspn(TIFFGetVersion(), "\n"), TIFFGetVersion());
  for (int orientation = 1; orientation <= 8; ++orientation) {
    write_picture(arguments[1], orientation);
    TIFF* file = TIFFOpen(arguments[1], "r");
    uint32_t pixels[kWidth * kHeight];
    int ok = TIFFReadRGBAImageOriented(file, kWidth, kHeight, pixels, ORIENTATION_TOPLEFT, 0);
    TIFFClose(file);
    printf("%d returns %d:", orientation, ok);
    for (int i = 0; i < kWidth * kHeight; ++i) printf(i == kWidth ? " / %u" : " %u", TIFFGetR(pixels[i]));
    printf("\n");
  }
  return 0;
}
C
cc "$scratch/oriented.c" -ltiff -o "$scratch/oriented" || cannot_tell "needs a C compiler and libtiff-dev"
seen=$("$scratch/oriented" "$scratch/picture.tif") || cannot_tell "the program failed"
echo "$seen"
[ "$(head -n 1 <<< "$seen")" = "LIBTIFF, Version 4.5.0" ] || cannot_tell "another version of libtiff"
[ "$(tail -n +2 <<< "$seen")" = "1 returns 1: 0 1 2 / 3 4 5
2 returns 1: 2 1 0 / 5 4 3
3 returns 1: 5 4 3 / 2 1 0
4 returns 1: 3 4 5 / 0 1 2
5 returns 1: 0 1 2 / 3 4 5
6 returns 1: 2 1 0 / 5 4 3
7 returns 1: 5 4 3 / 2 1 0
8 returns 1: 3 4 5 / 0 1 2" ] || exit 1
echo "as stated"
