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
  "mosquitto mosquitto"
  "mosquitto_pub mosquitto-clients"
  "prometheus prometheus"
)

# What a bench runs beside us, and the browser's engine without its windows, which the browser tests take where it is, and
# are done sooner; where a Debian has them: nothing fails without.
optional=(
  "influxd influxdb"
  "/usr/lib/chromium/chromium-headless-shell chromium-headless-shell"
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
# The peers from npm: pinned, their install scripts not run.
peers=$(dirname "$0")/../tools/peers
if [[ ! -e $peers/node_modules/.package-lock.json || $peers/package-lock.json -nt $peers/node_modules/.package-lock.json ]]; then
  npm --prefix "$peers" ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null || echo "tests will skip what needs the peers of $peers"
fi

absent=()
for pair in "${optional[@]}"; do
  command -v "${pair%% *}" >/dev/null || absent+=("${pair##* }")
done

[[ ${#missing[@]} -eq 0 && ${#absent[@]} -eq 0 ]] && exit 0

if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
  [[ ${#missing[@]} -eq 0 ]] || echo "tests will skip what needs: ${missing[*]} (install them, or run this as root on Debian)"
  [[ ${#absent[@]} -eq 0 ]] || echo "tests and benches do without: ${absent[*]}"
  exit 0
fi
echo "installing for tests and benches: ${missing[*]} ${absent[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || [[ ${#missing[@]} -eq 0 ]]
# Packages that would start a service must not: the tests start their own, on ports of their own.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
[[ ${#missing[@]} -eq 0 ]] || apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
for package in "${absent[@]}"; do
  apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 || echo "tests and benches do without $package: this system has no such package"
done
