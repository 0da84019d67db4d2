#!/usr/bin/env bash
# Sets the head that `train --folds 5` trains on all images beside one that early stopping watches, on a fifth of the images that
# neither has seen, as docs/crossvalidation.md quotes it:
#
#     scripts/measure_folds.sh FACES
#
# FACES is a folder of UTKFace images (age first in the file name), which is not ours to redistribute. Needs make build, make setup
# and Python.
set -euo pipefail
faces=$1
finetune=$(cd "$(dirname "$0")/.." && pwd)/bin/finetune
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
bins=0,3,7,13,20,33,44,60

"$finetune" extract -q --data "$faces" --label-regex '^(\d+)_' --bins $bins --out features >/dev/null
for seed in 1 2 3; do
	mkdir "parts-$seed"
	ln -s ../features/features.npy ../features/meta.json "parts-$seed"
	python3 - "$seed" <<'PYTHON'
import csv, random, sys

seed = int(sys.argv[1])
draw = random.Random(seed)
with open("features/index.csv", newline="", encoding="utf-8") as f, open(f"parts-{seed}/index.csv", "w", newline="", encoding="utf-8") as g:
    out = csv.writer(g)
    out.writerow(["row", "path", "label", "split"])
    for r in csv.DictReader(f):
        out.writerow([r["row"], r["path"], r["label"], "test" if draw.random() < 0.2 else "train"])
PYTHON
	"$finetune" -q --features "parts-$seed" --bins $bins --out "one-$seed" >/dev/null
	"$finetune" -q --features "parts-$seed" --bins $bins --folds 5 --out "folds-$seed" >/dev/null
done
python3 - <<'PYTHON'
import json

print("seed  one split: MAE RPS  trained on all: MAE RPS (epochs)  out of fold: MAE RPS")
for seed in (1, 2, 3):
    one, folds, config = (json.load(open(f)) for f in (f"one-{seed}/metrics.json", f"folds-{seed}/metrics.json", f"folds-{seed}/config.json"))
    row = [f"{m[k]:.3f}" for m in (one, folds, folds["out_of_fold"]) for k in ("mae", "rps")]
    print(seed, *row[:4], f"({config['head']['epochs']})", *row[4:])
PYTHON
