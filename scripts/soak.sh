#!/usr/bin/env bash
# Long runs that do not belong into make test: every fuzz target for a while, then every fault that a disk can have.
# SEED repeats a run, FUZZTIME (default 1m) is the time per fuzz target, CYCLES (default 1000) the number of kills.
set -euo pipefail
cd "$(dirname "$0")/.."
seed=${SEED:-$(date +%s)} fuzztime=${FUZZTIME:-1m} cycles=${CYCLES:-1000}
echo "soak with SEED=$seed FUZZTIME=$fuzztime CYCLES=$cycles"

grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do
  grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go | sed 's/^func //' | while read -r target; do
    echo "fuzz $dir $target"
    go test "$dir" -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime"
  done
done

bin/jingwei bench faults --full --cycles "$cycles" --seed "$seed" --json
