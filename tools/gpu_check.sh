#!/usr/bin/env bash
# tools/gpu_check.sh [OPTION...]: what nobody knows before a machine with a GPU has said so, in one go:
#   1. builds against the CUDA build of LibTorch that Torch_DIR, CMAKE_PREFIX_PATH or .venv names
#   2. replays the golden cases on the GPU, and runs the tests that compare every verb with the CPU
#   3. times the network and the training step, beside the official code where there is a copy of it
#   --dry-run         says what would be done and does nothing
#   --device NAME     another device than cuda; cpu rehearses the timing where there is no GPU
#   --official DIR    a copy of the official repository, MCG-NJU/PixNerd
#   --models A,B      what is timed (default: imagenet256_L16,imagenet256_XL16)
#   --batch N         pictures at a time (default: 8)
#   --build FOLDER    where to build (default: build-gpu)
# It goes on after a step that fails, and ends with a list of them and a status other than 0.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/libtorch.sh

dry_run=false device=cuda official='' models=imagenet256_L16,imagenet256_XL16 batch=8 folder=build-gpu runs=10 rounds=3
failed=()

fail() {
  echo "gpu_check: error: $1; mend: $2" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=true ;;
    --device | --official | --models | --batch | --build | --runs | --rounds)
      [ $# -gt 1 ] || fail "$1 needs a value" "see the head of tools/gpu_check.sh"
      case $1 in
        --device) device=$2 ;;
        --official) official=$2 ;;
        --models) models=$2 ;;
        --batch) batch=$2 ;;
        --build) folder=$2 ;;
        --runs) runs=$2 ;;
        --rounds) rounds=$2 ;;
      esac
      shift
      ;;
    *) fail "there is no option $1" "see the head of tools/gpu_check.sh" ;;
  esac
  shift
done

# step NAME COMMAND...: says the command, runs it unless nothing is to be run, and keeps the name if it fails.
step() {
  local name=$1
  shift
  printf '\n== %s\n   %s\n' "$name" "$*"
  if ! $dry_run && ! "$@"; then failed+=("$name"); fi
}

torch=$(named_libtorch)
torch=${torch:-$(wheel_libtorch)}
[ -n "$torch" ] || $dry_run || fail "no LibTorch found" "make setup, or set Torch_DIR to LibTorch's share/cmake/Torch"
echo "LibTorch: ${torch:-none found}"
case $device in
  cuda*)
    if ! [ -e "${torch%/share/cmake/Torch}/lib/libtorch_cuda.so" ]; then
      $dry_run || fail "this LibTorch is built without CUDA" \
        "PIXNERD_ALLOW_CUDA_TORCH=1 make setup in an empty .venv, or set Torch_DIR to a CUDA build"
      echo "(built without CUDA: a run would end here)"
    fi
    if command -v nvidia-smi >/dev/null; then
      nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader || true
    else
      $dry_run || fail "there is no nvidia-smi" "install the driver"
      echo "(no nvidia-smi: a run would end here)"
    fi
    ;;
esac

targets=(pixnerd)
[ "$device" = cpu ] || targets+=(parity test_device)
step "build against it" env BUILD_FOLDER="$folder" tools/build.sh "${targets[@]}"
[ ${#failed[@]} = 0 ] || fail "the build failed" "read what the compiler says above"

if [ "$device" != cpu ]; then
  step "golden cases" env PIXNERD_DEVICE="$device" "$folder/parity"
  step "every verb" env PIXNERD_TEST_DEVICE="$device" "$folder/test_device"
fi

timing=(bench/peers.py --pixnerd "$folder/pixnerd" --device "$device" --models "$models" --batch "$batch"
  --runs "$runs" --rounds "$rounds" --modes forward,train --dtypes bfloat16,float32)
if [ -n "$official" ]; then timing+=(--peers eager --official "$official"); else timing+=(--peers reference); fi
python=$(python_with torch)
step "times" "${python:-python3}" "${timing[@]}"

printf '\n'
$dry_run && echo "nothing was run" && exit
if [ ${#failed[@]} -gt 0 ]; then
  echo "gpu_check: failed: ${failed[*]}" >&2
  exit 1
fi
echo "gpu_check: all steps passed on $device"
