#!/usr/bin/env bash
# Counts how many planted label errors `train --folds 5` suspects, as docs/crossvalidation.md quotes it:
#
#     scripts/measure_suspects.sh FACES [SEEDS]
#
# FACES is a folder of UTKFace images (age first in the file name), which is not ours to redistribute. With each seed (4 to 8) 60
# labels are moved by two classes or more, and in a second run 60 by exactly one. Needs make build, make setup and Python.
set -euo pipefail
faces=$1
read -r -a seeds <<<"${2:-4 5 6 7 8}"
finetune=$(cd "$(dirname "$0")/.." && pwd)/bin/finetune
errors=$(cd "$(dirname "$0")" && pwd)/label_errors.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
bins=0,3,7,13,20,33,44,60

"$finetune" extract -q --data "$faces" --label-regex '^(\d+)_' --bins $bins --out features >/dev/null
for steps in "2" "1 --exactly"; do
	pairs=()
	for seed in "${seeds[@]}"; do
		name="${steps%% *}-$seed"
		# shellcheck disable=SC2086
		python3 "$errors" plant features "planted-$name" --bins $bins --steps $steps --seed "$seed"
		"$finetune" -q --features "planted-$name" --bins $bins --folds 5 --out "run-$name" >/dev/null
		pairs+=("planted-$name" "run-$name")
	done
	if [ "$steps" = 2 ]; then echo "labels moved by two classes or more:"; else echo "labels moved by one class:"; fi
	python3 "$errors" count "${pairs[@]}"
done
