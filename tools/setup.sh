#!/usr/bin/env bash
# Installs what is missing for the named groups of tools/packages.txt (default: build, torch and test): Debian packages
# by apt-get, as root or through sudo, and for the groups torch, data and test Python packages in .venv. Does nothing, in
# well under a second, where nothing is missing. Understands:
#   Torch_DIR, CMAKE_PREFIX_PATH    a LibTorch of your own: no torch is fetched then
#   PIXNERD_TORCH_INDEX             the package index to take torch from (pip's own PIP_INDEX_URL works too)
#   PIXNERD_ALLOW_CUDA_TORCH=1      take the CUDA build of torch where pip finds no other
#   PIXNERD_SKIP_PACKAGES=1         trust that everything in tools/packages.txt is there
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/libtorch.sh

log=.cache/setup.log

say() { echo "setup: $*"; }

# fail WHAT [MEND]
fail() {
  echo "setup: error: $1" >&2
  [ -z "${2:-}" ] || echo "setup: mend: $2" >&2
  exit 1
}

# Runs a command with its output in the log.
logged() {
  echo "+ $*" >>"$log"
  "$@" >>"$log" 2>&1
}

show_log() { tail -n 15 "$log" | sed 's/^/  | /' >&2; }

# ---- Debian packages ----

# has_cmake_config NAME: is there a NAMEConfig.cmake where find_package would look?
has_cmake_config() {
  local prefix folder lower=${1,,} prefixes
  IFS=':;' read -r -a prefixes <<<"${CMAKE_PREFIX_PATH:-}"
  for prefix in "${prefixes[@]}" /usr/local /usr; do
    for folder in "$prefix"/{share,lib,lib64,lib/*-linux-gnu*}/cmake/"$1"*; do
      if [ -f "$folder/$1Config.cmake" ] || [ -f "$folder/$lower-config.cmake" ]; then
        return 0
      fi
    done
  done
  return 1
}

# is_there KIND NAME, as tools/packages.txt has them
is_there() {
  case $1 in
    command) command -v "$2" >/dev/null ;;
    pkg) command -v pkg-config >/dev/null && pkg-config --exists "${2//,/ }" ;;
    cmake) has_cmake_config "$2" ;;
    python) command -v python3 >/dev/null && python3 -c "import $2" 2>/dev/null ;;
    file) [ -e "$2" ] ;;
    *) fail "tools/packages.txt: unknown kind '$1'" ;;
  esac
}

# missing GROUP...: a line "what package" for each thing of these groups that is not there
missing() {
  local group kind name package
  while read -r group kind name package; do
    if [[ " $* " == *" $group "* ]] && ! is_there "$kind" "$name"; then
      echo "$name $package"
    fi
  done < <(grep -v -E '^(#|$)' tools/packages.txt)
}

packages_of() { awk '{print $2}' <<<"$1" | sort -u | tr '\n' ' '; }

apt() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    as_root=(sudo)
    [ -t 0 ] || as_root=(sudo -n)
  fi
  logged "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 "$@"
}

# install_packages WISHED NEEDED...: everything missing of the needed groups and, along with it, of the wished ones
install_packages() {
  local lacking wished packages what
  wished=$1 && shift
  lacking=$(missing "$@")
  [ -n "$lacking" ] || return 0
  what=$(awk '{print $1}' <<<"$lacking" | paste -sd' ')
  packages=$(packages_of "$lacking")
  command -v apt-get >/dev/null ||
    fail "missing: $what" "install what brings them (Debian's names: $packages), or set PIXNERD_SKIP_PACKAGES=1"
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    fail "missing: $what, and neither root nor sudo to install it" "as root: apt-get install $packages"

  # shellcheck disable=SC2086  # the groups are words
  wished=$(packages_of "$(missing $wished)")
  say "missing: $what"
  say "installing Debian packages (about a minute, details in $log): $packages$wished"
  apt update || say "warning: apt-get update failed, going on with the package lists that are there"
  # shellcheck disable=SC2086  # the names are words
  apt install --no-install-recommends $packages $wished || apt install --no-install-recommends $packages || {
    show_log
    fail "apt-get could not install: $packages" "as root: apt-get update && apt-get install $packages"
  }
  hash -r
  lacking=$(missing "$@")
  [ -z "$lacking" ] || fail "still missing after the installation: $(awk '{print $1}' <<<"$lacking" | paste -sd' ')" \
    "install them by hand, or set PIXNERD_SKIP_PACKAGES=1 if they are there all the same"
}

# ---- the Python environment ----

pip() { logged .venv/bin/python -m pip --disable-pip-version-check --no-input "$@"; }

fail_pip() {
  show_log
  fail "pip could not install $1" "see $log; a mirror or proxy is set by pip's own PIP_INDEX_URL, PIP_CERT and so on"
}

make_environment() {
  if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    logged python3 -m venv --clear .venv || { show_log && return 1; }
  fi
}

# The CPU build carries its kind in its version, so asking for exactly that never fetches CUDA; pip says at once, before
# any download, where an index has none.
install_torch() {
  local version index=()
  version=$(sed -n 's/^torch==//p' tools/requirements.txt)
  [ -z "${PIXNERD_TORCH_INDEX:-}" ] || index=(--index-url "$PIXNERD_TORCH_INDEX")
  say "installing torch $version, the CPU build (about 200 MB to fetch, 700 MB on disk; a minute or more)"
  if pip install "${index[@]}" "torch==$version+cpu"; then
    return
  fi
  tail -n 20 "$log" | grep 'Could not find a version that satisfies .* torch==' | grep -q -v 'versions: none' ||
    fail_pip "torch $version"
  say "pip finds no CPU build of torch $version here; the plain one brings CUDA packages: 2.7 GB to fetch, over 6 GB on disk"
  [ "${PIXNERD_ALLOW_CUDA_TORCH:-}" = 1 ] ||
    fail "not fetching the CUDA build of torch $version unasked" \
      "set PIXNERD_TORCH_INDEX to the CPU index (the address that PyTorch's 'Get Started' page shows for Linux, Pip, \
CPU), or Torch_DIR to a LibTorch, or PIXNERD_ALLOW_CUDA_TORCH=1 (building then needs the CUDA toolkit too)"
  say "fetching it all the same, as PIXNERD_ALLOW_CUDA_TORCH=1 asks"
  pip install "${index[@]}" "torch==$version" || fail_pip "torch $version"
}

# is_current GROUP FILE...: is what these files ask for in .venv already?
is_current() {
  local group=$1 && shift
  key=$(cat tools/setup.sh "$@" <(echo "$PWD $(named_libtorch)") | sha256sum)
  [ "$(cat ".cache/$group.stamp" 2>/dev/null)" = "$key" ]
}

is_ready() {
  echo "$key" >".cache/$1.stamp"
  say "$2 in .venv: ready"
}

# LibTorch, unless the environment names one.
install_libtorch() {
  local named
  named=$(named_libtorch)
  [ -z "${Torch_DIR:-}" ] || [ -f "$Torch_DIR/TorchConfig.cmake" ] ||
    fail "Torch_DIR=$Torch_DIR has no TorchConfig.cmake" "unset it, or name LibTorch's folder share/cmake/Torch"
  if [ -n "$named" ] || { is_current torch tools/requirements.txt && [ -n "$(wheel_libtorch)" ]; }; then
    return
  fi
  make_environment || fail "python3 -m venv failed" "install python3-venv, or remove a broken .venv"
  install_torch
  is_ready torch LibTorch
}

# What draws the training pictures.
install_data_tools() {
  if is_current data tools/emoji/requirements.txt; then
    return
  fi
  make_environment || fail "python3 -m venv failed" "install python3-venv, or remove a broken .venv"
  pip install -r tools/emoji/requirements.txt || fail_pip "the packages of tools/emoji/requirements.txt"
  is_ready data "the tools of the pictures"
}

# What tests compare with. Beside a LibTorch of one's own nothing fails for lack of it.
install_oracles() {
  local lists=(-r tools/requirements-test.txt -r tools/emoji/requirements.txt) named
  if is_current test tools/requirements{,-test,-no-deps}.txt tools/emoji/requirements.txt; then
    return
  fi
  named=$(named_libtorch)
  say "installing the Python packages that tests compare with"
  if make_environment && pip install "${lists[@]}" && pip install --no-deps -r tools/requirements-no-deps.txt; then
    is_ready test "the tests' packages"
    return
  fi
  [ -n "$named" ] || fail_pip "the packages of tools/requirements-test.txt and tools/requirements-no-deps.txt"
  echo "$key" >.cache/test.stamp
  say "warning: no Python environment for the tests ($log); tests that need one are skipped"
}

mkdir -p .cache
: >"$log"
groups=" ${*:-build torch test} "
needed=$groups
wish="wish"
if [[ $groups == *" data "* ]] || { [[ $groups =~ " torch "|" test " ]] && [ -z "$(named_libtorch)" ]; }; then
  needed+=" python"
elif [[ $groups == *" test "* ]]; then
  wish+=" python"
fi
# shellcheck disable=SC2086  # the groups are words
[ "${PIXNERD_SKIP_PACKAGES:-}" = 1 ] || install_packages "$wish" $needed
[[ $groups != *" torch "* ]] || install_libtorch
[[ $groups != *" data "* ]] || install_data_tools
[[ $groups != *" test "* ]] || install_oracles
