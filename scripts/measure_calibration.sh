#!/usr/bin/env bash
# Measures what docs/trust.md says of temperatures, decision rules and ranges of classes, on a folder of UTKFace images (age first in
# the file name):
#
#     scripts/measure_calibration.sh FACES [PYTHON]
#
# SEEDS (0 1 2 3 4) are splits and starting weights. Needs make build and make setup first.
set -euo pipefail
faces=$(cd "$1" && pwd) python=${2:-python3}
finetune=$(cd "$(dirname "$0")/.." && pwd)/bin/finetune
tables=$(cd "$(dirname "$0")" && pwd)/calibration_tables.py
seeds=${SEEDS:-0 1 2 3 4}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

date -u +%F
uname -srm
"$finetune" extract -q --data "$faces" --label-regex '^(\d+)_' --bins 0,3,7,13,20,33,44,60 --out features >/dev/null

# runs NAME [FLAG...]: a run for each seed, in NAME-SEED.
runs() {
	local name=$1
	shift
	for seed in $seeds; do
		"$finetune" -q --features features --seed "$seed" --out "$name-$seed" "$@" >/dev/null
	done
}
runs 0.9 --calibrate --decision auto --metric mae
runs 0.8 --coverage 0.8 --decision auto --metric accuracy
runs folds-0.9 --folds 5 --test-split 0.2 --decision auto --metric qwk
runs folds-0.8 --folds 5 --test-split 0.2 --coverage 0.8
runs unwatched --patience 0
runs hidden --calibrate --hidden 256 --loss cross-entropy --patience 0
"$python" "$tables" sets 0.9-* 0.8-* unwatched-* folds-0.9-* folds-0.8-*
"$python" "$tables" classes 0.9-*
"$python" "$tables" temperature 0.9-* hidden-*
"$python" "$tables" rules 0.9-* 0.8-* folds-0.9-*
