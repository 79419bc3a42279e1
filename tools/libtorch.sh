# shellcheck shell=bash
# Sourced from the repository's root. Where LibTorch is, and which Python may serve the tests as an oracle.

# Prints the folder of the TorchConfig.cmake that the environment names by Torch_DIR or CMAKE_PREFIX_PATH, or nothing.
named_libtorch() {
  local prefix folder prefixes
  IFS=':;' read -r -a prefixes <<<"${CMAKE_PREFIX_PATH:-}"
  for prefix in ${Torch_DIR:+"$Torch_DIR"} "${prefixes[@]}"; do
    for folder in "$prefix" "$prefix/Torch" "$prefix/share/cmake/Torch" "$prefix"/lib*/cmake/Torch; do
      if [ -f "$folder/TorchConfig.cmake" ]; then
        (cd "$folder" && pwd)
        return
      fi
    done
  done
}

# The same for the LibTorch inside the wheel in .venv, or nothing.
wheel_libtorch() {
  local folder
  for folder in "$PWD"/.venv/lib/python*/site-packages/torch/share/cmake/Torch; do
    [ ! -f "$folder/TorchConfig.cmake" ] || echo "$folder"
  done
}

# python_with MODULES: the first of PIXNERD_PYTHON, .venv, the Python around a named LibTorch and python3 that imports
# all of the comma-separated modules, or nothing.
python_with() {
  local python named
  named=$(named_libtorch)
  for python in "${PIXNERD_PYTHON:-}" "$PWD/.venv/bin/python" "${named%/lib/python*}/bin/python" python3; do
    if command -v "$python" >/dev/null && "$python" -c "import $1" 2>/dev/null; then
      command -v "$python"
      return
    fi
  done
}
