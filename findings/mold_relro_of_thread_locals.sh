#!/usr/bin/env bash
# One program in some hundred that mold links does not start, if its thread-local variables are zero and small.
#
# Version:   mold 1.10.1 (Debian 12: mold), glibc 2.36.
# One would guess: a linker that is a drop-in for ld links every valid program, or says why it does not; whether a program
#            starts does not depend on how long its code is.
# Seen:      where .tbss is the first section that is protected after relocation, its address counts as the beginning of
#            what is protected, though it has a smaller alignment than the next section and may lie before the page that
#            that one is moved to. The loader then asks to protect a page that is not mapped: "cannot apply additional
#            memory protection after relocation: Cannot allocate memory". Of 512 programs whose code differs by 8 bytes
#            in length one does not start. With -z separate-loadable-segments, or linked by GNU ld, that one does too.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

command -v gcc >/dev/null || cannot_tell "no gcc"
version=$(mold --version 2>/dev/null) || cannot_tell "no mold"
echo "$version"
case $version in "mold 1.10.1 "*) ;; *) cannot_tell "another version of mold" ;; esac
[ "$(uname -m)" = x86_64 ] || cannot_tell "another processor"
cd "$scratch" || exit 77

echo '_Thread_local char zero; int main(void) { return zero; }' >main.c
printf '.section .note.GNU-stack,"",@progbits\n.text\n.skip SIZE\n' >code.S
gcc -O2 -c main.c -o main.o || cannot_tell "gcc does not compile"

# Links main.o and code.o with the options given; whether the program starts.
starts() { gcc "$@" main.o code.o -o program && ./program 2>said; }

failed=()
for ((size = 8; size <= 4096; size += 8)); do
  gcc -DSIZE=$size -c code.S -o code.o || exit 1
  starts -fuse-ld=mold && continue
  grep -q "protection after relocation" said || { cat said; exit 1; }
  failed+=("$size")
  starts -fuse-ld=mold -Wl,-z,separate-loadable-segments && starts -fuse-ld=bfd || exit 1
done
echo "of 512 programs ${#failed[@]} did not start, and did with separate segments and by GNU ld"
[ ${#failed[@]} -eq 1 ] || exit 1
echo "as stated"
