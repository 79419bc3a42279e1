#!/usr/bin/env bash
# Checks formatting of all C++ files, the layering (tools/check_house.py), and clang-tidy's rules in the torch-free
# rooms and in every file that differs from the branch this one starts from. Needs a configured build/. Reports all
# findings before it fails. LINT_ALL=1 gives every file of src to clang-tidy (slow: torch's headers).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
failed=0

# The commit to compare with: where this branch left its upstream or main.
base() {
  local name
  for name in '@{upstream}' origin/main main HEAD; do
    git merge-base HEAD "$name" 2>/dev/null && return
  done
}

changed_files() {
  local since
  since=$(base)
  [ -z "$since" ] || git diff --name-only --diff-filter=d "$since"
  git ls-files --others --exclude-standard
}

# The C++ sources that clang-tidy reads; a changed header is read through the source beside it.
sources() {
  local rooms
  rooms=$(sed -n 's/^set(PIXNERD_TORCH_FREE \(.*\))/\1/p' cmake/Rooms.cmake)
  for room in $rooms; do
    find "src/$room" -name '*.cpp' 2>/dev/null
  done
  [ -z "${LINT_ALL:-}" ] || find src -name '*.cpp'
  changed_files | grep -E '^(src|tests|bench)/.*\.(h|cpp)$' | sed 's/\.h$/.cpp/'
}

echo "lint: formatting"
find src tests bench \( -name '*.h' -o -name '*.cpp' \) -print0 | xargs -0 -r clang-format --dry-run -Werror || failed=1

echo "lint: layering"
python3 tools/check_house.py || failed=1

# Headers that are generated.
ninja -C build protobuf/core/events.pb.h >/dev/null || failed=1

mapfile -t files < <(sources | sort -u | while read -r file; do
  if [ -f "$file" ] && grep -q -F "\"$PWD/$file\"" build/compile_commands.json; then echo "$file"; fi
done)
# clang reads no headers that g++ has precompiled.
mkdir -p build/lint
sed -E 's/ -(fpch-preprocess|Winvalid-pch|include [^ ]*cmake_pch\.hxx)//g' build/compile_commands.json \
  >build/lint/compile_commands.json

echo "lint: clang-tidy on ${#files[@]} files (some seconds each)"
# clang does not know every warning option that g++ is given.
printf '%s\0' "${files[@]}" | xargs -0 -r -n 1 -P "$(nproc)" \
  clang-tidy -p build/lint --quiet --extra-arg=-Wno-unknown-warning-option 2> >(grep -v 'warnings generated' >&2) || failed=1

[ "$failed" = 0 ] && echo "lint: nothing found"
exit "$failed"
