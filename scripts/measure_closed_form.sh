#!/usr/bin/env bash
# Holds heads in closed form against SGD on five splits, for several statistics of maps:
#
#     scripts/measure_closed_form.sh FACES
#
# FACES is a folder of UTKFace images (age first in the file name). Each line is MAE / RPS of the median, mean over the splits
# of finetune train --test-split 0.2 --seed 1 to 5: of the test images, and out of fold of the others. Needs make build
# and make setup first.
set -euo pipefail
faces=$(cd "$1" && pwd)
finetune=$(cd "$(dirname "$0")/.." && pwd)/bin/finetune
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

date -u +%F
uname -srm
for stat in mean mean,std mean,cov; do
	"$finetune" extract -q --data "$faces" --label-regex '^(\d+)_' --bins 0,3,7,13,20,33,44,60 \
		--tap multi --pool 1,3 --pool-stat $stat --out features-$stat
done

# row NAME FEATURES OPTIMIZER
row() {
	for seed in 1 2 3 4 5; do
		"$finetune" train -q --features features-$2 --optimizer $3 --test-split 0.2 --seed $seed --out run-$seed --overwrite >/dev/null
	done
	python3 - "$1" <<'PYTHON'
import json, sys
runs = [json.load(open(f"run-{s}/metrics.json")) for s in range(1, 6)]
mean = lambda list, key: sum(m[key] for m in list) / len(list)
cells = [f"{mean(runs, 'mae'):.3f} / {mean(runs, 'rps'):.3f}"]
folds = [m["out_of_fold"] for m in runs if "out_of_fold" in m]
cells.append(f"{mean(folds, 'mae'):.3f} / {mean(folds, 'rps'):.3f}" if folds else "")
print(f"| {sys.argv[1]} | {cells[0]} | {cells[1]} |")
PYTHON
}

echo "| head and features | test images | out of fold |"
echo "|---|---|---|"
row "SGD, means" mean sgd
row "closed form, means" mean closed-form
row "closed form, means and deviations" mean,std closed-form
row "closed form, means and covariances" mean,cov closed-form
