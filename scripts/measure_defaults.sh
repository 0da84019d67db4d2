#!/usr/bin/env bash
# Measures what docs/defaults.md says, on a folder of UTKFace images (age first in the file name) and on the demo:
#
#     scripts/measure_defaults.sh FACES
#
# Each row is finetune compare on another feature or head: five folds, MAE of EMD² with the median rule and of cross-entropy
# with argmax, mean ± std over the folds. Needs make build and make setup first. HIDDEN=1 adds a hidden layer on the
# default features, which takes minutes.
set -euo pipefail
faces=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
finetune=$root/bin/finetune
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
labels=(--label-regex '^(\d+)_' --bins 0,3,7,13,20,33,44,60)

date -u +%F
uname -srm

# row NAME [FLAG...]: one line of the table, from compare.csv.
row() {
	local name=$1
	shift
	"$finetune" compare -q --losses cross-entropy,emd2 --folds 5 --seeds 1 --overwrite --out out "$@" >/dev/null
	awk -F, -v name="$name" '
		$3 == "mae" && $1 == "argmax" && $2 == "cross-entropy" { ce = sprintf("%.3f ± %.3f", $4, $5) }
		$3 == "mae" && $1 == "median" && $2 == "emd2" { emd = sprintf("%.3f ± %.3f", $4, $5) }
		END { printf "| %s | %s | %s |\n", name, ce, emd }' out/compare.csv
}

# few N: a manifest of N faces, evenly spaced in the order of their names, which is nearly that of age.
few() {
	ls "$faces" | awk -v n="$1" -v all="$(ls "$faces" | wc -l)" -v dir="$faces" '
		BEGIN { print "path,label" }
		int(NR * n / all) > int((NR - 1) * n / all) { label = $0; sub(/_.*/, "", label); print dir "/" $0 "," label }' >"faces-$1.csv"
}

echo "| feature and head | cross-entropy, argmax | EMD², median |"
echo "|---|---|---|"
all=(--data "$faces" "${labels[@]}")
row "faces, last, cropped" "${all[@]}" --tap last --resize shorter
row "faces, last, squashed" "${all[@]}" --tap last
row "faces, multi, cropped" "${all[@]}" --tap multi --resize shorter
row "faces, multi, squashed" "${all[@]}" --tap multi
row "faces, multi on grids 1,3, cropped" "${all[@]}" --tap multi --pool 1,3 --resize shorter
row "faces, multi on grids 1,3, squashed (default)" "${all[@]}"
row "faces, last, cropped, hidden 256" "${all[@]}" --tap last --resize shorter --hidden 256
row "faces, multi, squashed, hidden 256" "${all[@]}" --tap multi --hidden 256
[ -z "${HIDDEN:-}" ] || row "faces, multi on grids 1,3, squashed, hidden 256" "${all[@]}" --hidden 256
[ -z "${HIDDEN:-}" ] || row "faces, the same, dropout 0.7" "${all[@]}" --hidden 256 --dropout 0.7
for n in 200 1000; do
	few $n
	row "$n faces, last, cropped" --data faces-$n.csv --bins 0,3,7,13,20,33,44,60 --tap last --resize shorter
	row "$n faces, default" --data faces-$n.csv --bins 0,3,7,13,20,33,44,60
	[ -z "${HIDDEN:-}" ] || row "$n faces, default, hidden 256" --data faces-$n.csv --bins 0,3,7,13,20,33,44,60 --hidden 256
done
demo=(--data "$root/testdata/demo/demo.csv")
row "demo, last, cropped" "${demo[@]}" --tap last --resize shorter
row "demo, default" "${demo[@]}"
