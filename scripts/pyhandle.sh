#!/bin/bash
# Prints the folder of pyhandle (Apache-2.0), fetched with pip into bin/pyhandle, for make conformance; nothing when it cannot
# be had here.
set -eu
cd "$(dirname "$0")/.."
command -v python3 >/dev/null || exit 0
dir=$PWD/bin/pyhandle
if [ ! -d "$dir/pyhandle" ]; then
	python3 -m pip install --quiet --disable-pip-version-check --no-input --target "$dir" pyhandle==1.5.0 >&2 || exit 0
fi
echo "$dir"
