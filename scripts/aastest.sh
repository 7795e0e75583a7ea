#!/bin/bash
# Prints a Python that has aas_test_engines (Apache-2.0), fetched with pip into bin/aastest, for make conformance; nothing when
# it cannot be had here.
set -eu
cd "$(dirname "$0")/.."
command -v python3 >/dev/null || exit 0
dir=$PWD/bin/aastest
if [ ! -x "$dir/bin/python" ] || ! "$dir/bin/python" -c 'import aas_test_engines' 2>/dev/null; then
	python3 -m venv "$dir" >&2 || exit 0
	"$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-input aas_test_engines==1.0.2 >&2 || exit 0
fi
echo "$dir/bin/python"
