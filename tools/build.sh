#!/usr/bin/env bash
# tools/build.sh [TARGET...]: configures build/ where that has not been done for the LibTorch and Python in use, then
# builds the targets (default: all). "configure" as the only target stops after the first step.
#   JOBS=N           compilers at a time (default: one a core, fewer where memory is short)
#   BUILD_FOLDER     another folder than build/
#   BUILD_OPTIONS    more options for CMake, as words
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/libtorch.sh

kilobytes_per_compiler=1400000
folder=${BUILD_FOLDER:-build}
read -r -a options <<<"${BUILD_OPTIONS:-}"

jobs_that_fit() {
  local cores fit
  cores=$(nproc)
  fit=$(awk -v each=$kilobytes_per_compiler '/^MemAvailable:/ {print int($2 / each)}' /proc/meminfo)
  fit=$((fit < 1 ? 1 : fit))
  echo $((fit < cores ? fit : cores))
}

# ccache keeps its files in HOME, which a service or a container may not have.
if [ -z "${CCACHE_DIR:-}" ] && ! [ -w "${HOME:-}" ]; then
  export CCACHE_DIR=$PWD/.cache/ccache
fi

configure() {
  local torch key record=$folder/configured_with fresh=()
  torch=$(named_libtorch)
  torch=${torch:-$(wheel_libtorch)}
  if [ -z "$torch" ]; then
    echo "build: error: no LibTorch found; mend: make setup, or set Torch_DIR to LibTorch's share/cmake/Torch" >&2
    exit 1
  fi
  key="$torch ${PIXNERD_PYTHON:-} $(cat .cache/{torch,data,test}.stamp 2>/dev/null || true)${options[*]}"
  if [ -f "$folder/build.ninja" ] && [ "$(cat "$record" 2>/dev/null)" = "$key" ]; then
    return
  fi
  echo "build: configuring (a few seconds)"
  [ ! -f "$record" ] || fresh=(--fresh)
  mkdir -p "$folder"
  if ! cmake "${fresh[@]}" -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DTorch_DIR=$torch" \
    "-DPIXNERD_PYTHON=$(python_with torch,safetensors,tensorboard)" "-DPIXNERD_TOOLS_PYTHON=$(python_with PIL)" \
    "${options[@]}" >"$folder/configure.log" 2>&1; then
    cat "$folder/configure.log" >&2
    echo "build: error: CMake could not configure $folder/ (above, and in $folder/configure.log)" >&2
    exit 1
  fi
  echo "$key" >"$record"
}

configure
[ "$*" != configure ] || exit 0
jobs=${JOBS:-$(jobs_that_fit)}
# Ninja shows every step, but not how many minutes a first build takes.
built_once="$folder/built_once_${*:-all}"
[ -e "$built_once" ] || echo "build: compiling with $jobs jobs; from nothing this takes about 5 minutes on two cores, with all tests 10"
ninja -C "$folder" -j "$jobs" "$@"
touch "$built_once"
