#!/usr/bin/env bash
# tools/fuzz.sh [TARGET...]: builds the programs of tests/fuzz as libFuzzers in build-fuzz/ and runs each (default: all)
# in turn. Stops at a finding and names the file that makes it. What a run finds useful to start from stays in
# build-fuzz/corpus/<target>, and the next run goes on from there.
#   FUZZ_SECONDS=N    for each target (default 600)
set -euo pipefail
cd "$(dirname "$0")/.."

compiler=clang++-19
build="build-fuzz"
seconds=${FUZZ_SECONDS:-600}
ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-19 || true)
export ASAN_SYMBOLIZER_PATH
# No file of this size may make a reader take more memory than this, nor keep it busy for longer.
limits=(-max_len=65536 -malloc_limit_mb=128 -rss_limit_mb=1024 -timeout=60)

# state_of LOG: "12345 runs, 678 edges covered, 90 files"
state_of() {
  grep -E '^#[0-9]+' "$1" | tail -n 1 |
    sed -E 's/^#([0-9]+).* cov: ([0-9]+).* corp: ([0-9]+).*/\1 runs, \2 edges covered, \3 files/'
}

# Names what stopped a target, the last line that libFuzzer writes being the file.
report_finding() {
  local name=$1 log=$2 file
  grep -v -E '^#[0-9]+' "$log" | tail -n 60
  file=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  echo "fuzz: $name: a finding, above and in $log"
  [ -z "$file" ] || echo "fuzz: again: $build/fuzz_$name $file"
}

# run NAME FOLDER...: for as many seconds, with a line of progress now and then
run() {
  local name=$1 log=$build/fuzz_$1.log start=$SECONDS
  shift
  mkdir -p "$build/corpus/$name" "$build/findings"
  "$build/fuzz_$name" "${limits[@]}" -max_total_time="$seconds" -print_final_stats=1 \
    -artifact_prefix="$build/findings/$name-" "$build/corpus/$name" "$@" >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    (((SECONDS - start) % 30 != 0)) || echo "fuzz: $name: $((SECONDS - start)) of $seconds s: $(state_of "$log")"
  done
  local status=0
  wait "$pid" || status=$?
  pid=''
  if [ $status != 0 ]; then
    summary+=("$name: a finding")
    report_finding "$name" "$log"
    return 1
  fi
  summary+=("$name: no finding in $((SECONDS - start)) s: $(state_of "$log")")
}

BUILD_FOLDER=$build BUILD_OPTIONS="-DPIXNERD_FUZZ=ON -DCMAKE_CXX_COMPILER=$compiler" tools/build.sh fuzz_targets
pid='' failed=0 summary=()
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true' EXIT
while read -r name folders; do
  [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
  # shellcheck disable=SC2086  # the folders are words
  run "$name" $folders || { failed=1 && break; }
done <$build/fuzz_targets.txt
if [ ${#summary[@]} = 0 ]; then
  echo "fuzz: no target is called so; there are: $(cut -d' ' -f1 $build/fuzz_targets.txt | xargs)"
  exit 1
fi
printf 'fuzz: %s\n' "${summary[@]}"
exit "$failed"
