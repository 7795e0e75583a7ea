#!/usr/bin/env bash
# Long runs that do not belong into make test: every fuzz target for a while, a tree of nodes whose figures must come out as from
# scratch, ten million identifiers and events, then every fault that a disk can have.
# SEED repeats a run, FUZZTIME (default 1m) is the time per fuzz target, NODES (default 200) the size of the tree, CYCLES (default 1000)
# the number of kills, IDENTIFIERS and EVENTS (default 10000000 each) how many there are.
set -euo pipefail
cd "$(dirname "$0")/.."
seed=${SEED:-$(date +%s)} fuzztime=${FUZZTIME:-1m} cycles=${CYCLES:-1000} nodes=${NODES:-200}
identifiers=${IDENTIFIERS:-10000000} events=${EVENTS:-10000000}
echo "soak with SEED=$seed FUZZTIME=$fuzztime CYCLES=$cycles NODES=$nodes"

grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do
  grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go | sed 's/^func //' | while read -r target; do
    echo "fuzz $dir $target"
    go test "$dir" -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime"
  done
done

TREE_NODES=$nodes TREE_SEED=$seed go test ./internal/govern/indicator/figure -run '^TestEveryFigureIsAsFromScratch$' -timeout 3h -count=1 -v

bin/jingwei bench resolve --identifiers "$identifiers" --json
bin/jingwei bench trace --events "$events" --seed "$seed" --json

bin/jingwei bench faults --full --cycles "$cycles" --seed "$seed" --json
