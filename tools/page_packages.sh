#!/usr/bin/env bash
# Installs what the test of the page needs: a Chromium and npm where they are missing, and into .cache/page the packages
# of tests/page/package-lock.json. Does nothing where they are there.
#   --or-warn    where they cannot be had, say so and succeed: the test is skipped then
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.cache/page
log=.cache/setup.log

fail() {
  if [ "${or_warn:-}" = 1 ]; then
    echo "page: warning: $1; the test of the page will be skipped; mend: tools/page_packages.sh" >&2
    exit 0
  fi
  echo "page: error: $1" >&2
  exit 1
}

[ "${1:-}" != --or-warn ] || or_warn=1
tools/setup.sh page || fail "Chromium and npm are not there and cannot be installed"
# What was installed last, written when it was whole.
! cmp -s tests/page/package-lock.json "$folder/installed" || exit 0
mkdir -p "$folder"
rm -f "$folder/installed"
cp tests/page/package.json tests/page/package-lock.json "$folder"
echo "page: fetching the packages of tests/page/package.json (3 MB)"
# npm's own patience without a network is minutes; two tries in some seconds tell as much.
(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retry-mintimeout=1000 \
  --fetch-retry-maxtimeout=5000) >>"$log" 2>&1 || fail "npm could not fetch the packages of tests/page (see $log)"
cp tests/page/package-lock.json "$folder/installed"
