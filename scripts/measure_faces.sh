#!/usr/bin/env bash
# Measures the main job on a folder of UTKFace images (age first in the file name), as README.md quotes it:
#
#     scripts/measure_faces.sh FACES [PYTHON]
#
# PYTHON needs numpy and scikit-learn; without it the comparison with scikit-learn is left out. UTKFace is not ours to
# redistribute. Needs make build and make setup first.
set -euo pipefail
faces=$1 python=${2:-}
finetune=$(cd "$(dirname "$0")/.." && pwd)/bin/finetune
compare=$(cd "$(dirname "$0")" && pwd)/compare_sklearn.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
labels=(--label-regex '^(\d+)_' --bins 0,3,7,13,20,33,44,60)
TIMEFORMAT='  %R s elapsed, %U s of processor time'

date -u +%F
uname -srm
nproc | sed 's/$/ cores/'
"$finetune" doctor | grep -E '^(processor|library)' | cut -d, -f1

echo "cold run, embedded network, default head:"
time "$finetune" -q --data "$faces" "${labels[@]}" --cache cache --out cold >cold.txt
echo "the same with a warm cache:"
time "$finetune" -q --data "$faces" "${labels[@]}" --cache cache --out warm >/dev/null
sed -n '3,9p' cold.txt

"$finetune" extract -q --data "$faces" "${labels[@]}" --tap last --resize shorter --cache cache --out features >/dev/null
[ -n "$python" ] || exit 0
echo "last features, linear cross-entropy head, argmax, five seeds and splits:"
for seed in 0 1 2 3 4; do
	"$finetune" -q --features features --loss cross-entropy --decision argmax --seed $seed --out "seed-$seed" >/dev/null
done
"$python" "$compare" features seed-*
