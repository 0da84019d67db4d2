#!/usr/bin/env bash
# Measures what augmented views gain, as docs/defaults.md says, on a folder of UTKFace images (age first in the file name):
#
#     scripts/measure_views.sh FACES [SEEDS]
#
# For each seed a quarter of the images is drawn to be held out. For each feature, head and number of views a head is trained on the
# others, and predicts from the image alone and from the mean over the views. A row is the MAE of both, mean ± std over the
# seeds. Takes 12 views of each image through the network the first time. Needs make build and make setup first.
set -euo pipefail
faces=$(cd "$1" && pwd) seeds=${2:-5}
finetune=${FINETUNE:-$(cd "$(dirname "$0")/.." && pwd)/bin/finetune}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

date -u +%F
uname -srm
for ((s = 0; s < seeds; s++)); do
	ls "$faces" | awk -v seed="$s" -v dir="$faces" '
		BEGIN { srand(seed + 1); print "path,label,split" }
		{ label = $0; sub(/_.*/, "", label); print dir "/" $0 "," label "," (rand() < 0.25 ? "test" : "") }' >"faces-$s.csv"
	grep -E '^path|,test$' "faces-$s.csv" >"test-$s.csv"
done

mae() { sed -n 's/^  "mae": \([0-9.]*\).*/\1/p' "$1/metrics.json"; }

# row NAME VIEWS TTA [FLAG...]: one line of the table.
row() {
	local name=$1 views=$2 tta=$3 s
	shift 3
	for ((s = 0; s < seeds; s++)); do
		"$finetune" -q --data "faces-$s.csv" --bins 0,3,7,13,20,33,44,60 --seed "$s" --views "$views" --overwrite --out run "$@" >/dev/null
		"$finetune" eval -q --model run --data "test-$s.csv" --tta="$tta" --out mean >/dev/null
		echo "$(mae run) $(mae mean)"
	done | awk -v name="$name" -v views="$views" -v tta="$tta" '
		{ for (i = 1; i <= 2; i++) { sum[i] += $i; square[i] += $i * $i }; n++ }
		END {
			for (i = 1; i <= 2; i++) {
				mean = sum[i] / n
				cell[i] = sprintf("%.3f ± %.3f", mean, n > 1 ? sqrt((square[i] - n * mean * mean > 0 ? square[i] - n * mean * mean : 0) / (n - 1)) : 0)
			}
			printf "| %s | %d | %s | %s (%d) |\n", name, views, cell[1], cell[2], tta
		}'
}

echo "| feature and head | views | MAE from the image | MAE from the mean over views |"
echo "|---|---|---|---|"
for head in linear "hidden 256"; do
	for feature in default last; do
		flags=()
		[ "$feature" = default ] || flags+=(--tap last)
		[ "$head" = linear ] || flags+=(--hidden 256)
		for views in 1 2 4 8; do
			[ "$feature $views" != "last 8" ] || continue
			row "$feature features, $head" "$views" "$((views > 1 ? views : 2))" "${flags[@]}"
		done
	done
done
