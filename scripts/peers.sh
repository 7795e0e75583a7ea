#!/usr/bin/env bash
# Installs the independent programs that the tests speak to. They judge the product; it never needs them itself.
# As root on Debian they are installed; else what is missing is named, and the tests that need it say SKIPPED.
set -euo pipefail

# program (or file) to look for, and the Debian package that has it
wanted=(
  "/usr/lib/postgresql/*/bin/initdb postgresql"
  "chromium chromium"
  "tshark tshark"
  "strace strace"
  "/usr/lib/python3/dist-packages/pymodbus python3-pymodbus"
  "/usr/lib/python3/dist-packages/serial_asyncio python3-serial-asyncio"
  "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc fonts-noto-cjk"
)

missing=()
for pair in "${wanted[@]}"; do
  what=${pair%% *} package=${pair##* }
  if [[ $what == /* ]]; then
    compgen -G "$what" >/dev/null || missing+=("$package")
  else
    command -v "$what" >/dev/null || missing+=("$package")
  fi
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
  echo "tests will skip what needs: ${missing[*]} (install them, or run this as root on Debian)"
  exit 0
fi
echo "installing for the tests: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
