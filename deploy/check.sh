#!/bin/bash
# Checks the ways to label in parts: GNU parallel and Slurm are run, and the rows of their parts compared with those of one process;
# the Kubernetes manifest is compared with the published schema. What isn't installed is named and left out; give the names of checks
# to run only those, which then must be possible: check.sh parallel slurm kubernetes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
FINETUNE=${FINETUNE:-$PWD/bin/finetune}
export FINETUNE FORMAT=csv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
asked=("$@")
data=$PWD/testdata/demo/images

possible() { # NAME COMMAND PACKAGE
	if [ ${#asked[@]} -gt 0 ] && [[ " ${asked[*]} " != *" $1 "* ]]; then return 1; fi
	command -v "$2" >/dev/null && return 0
	echo "$1: left out, since $2 isn't installed ($3)"
	if [ ${#asked[@]} -gt 0 ]; then exit 1; fi
	return 1
}

whole() {
	[ -e "$work/whole.csv" ] && return
	"$FINETUNE" --data testdata/demo/demo.csv --out "$work/run" --quiet >/dev/null
	"$FINETUNE" predict --model "$work/run" --data "$data" --out "$work/whole.csv" --quiet >/dev/null
	sort "$work/whole.csv" >"$work/whole.sorted"
}

same() { # FOLDER PARTS
	[ "$(find "$work/$1" -name 'labels-*.csv' | wc -l)" = "$2" ]
	cat "$work/$1"/labels-*.csv | awk 'NR == 1 || !/^path,predicted,/' | sort | cmp - "$work/whole.sorted"
	echo "$1: the rows of $2 parts are those of one process"
}

if possible parallel parallel "Debian: parallel"; then
	whole
	deploy/parallel/predict.sh "$work/run" "$data" "$work/parallel" 5 --jobs 2 >/dev/null
	same parallel 5
fi
if possible slurm slurmctld "Debian: slurm-wlm and munge"; then
	whole
	mkdir "$work/slurm"
	# A part that was cut off is begun again, as after the loss of a node.
	deploy/slurm/local.sh bash -euc '
		sbatch --quiet --wait --array=0-3%2 --cpus-per-task=1 --mem=1G --output="$0/log-%a" deploy/slurm/predict.sbatch "$@"
		rm "$3/labels-00002.csv" "$3/.labels-00002.csv.state"
		sbatch --quiet --wait --array=0-3%2 --cpus-per-task=1 --mem=1G --output="$0/log-%a" deploy/slurm/predict.sbatch "$@"' \
		"$work" "$work/run" "$data" "$work/slurm" 4
	same slurm 4
fi
validate=${KUBERNETES_VALIDATE:-kubernetes-validate}
if possible kubernetes "$validate" "pip install kubernetes-validate==1.34.1"; then
	"$validate" --quiet --strict --kubernetes-version 1.34.1 deploy/kubernetes/predict.yaml
	echo "kubernetes: the manifest has the published schema"
fi
