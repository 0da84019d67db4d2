#!/bin/bash
# Labels images with GNU parallel, on this machine or over ssh. 16 parts, 2 at a time on each machine of the list:
#
#   predict.sh RUN 'shards/*.tar' labels 16 --jobs 2 --sshloginfile machines.txt --workdir "$PWD"
#
# The machines need the program on their PATH, and RUN, the data and labels at the same paths. Run again, parts that are complete are
# left and interrupted ones go on. FINETUNE names the program, THREADS the threads of each (default 1), FORMAT is parquet, csv or jsonl.
set -euo pipefail
if [ $# -lt 4 ]; then
	echo "predict.sh: $# arguments; expected RUN DATA OUT PARTS [OPTION OF PARALLEL…]" >&2
	exit 2
fi
run=$1 data=$2 out=$3 parts=$4
shift 4
mkdir -p "$out"
seq 0 $((parts - 1)) | parallel --quote --retries 3 --joblog "$out/.joblog" "$@" \
	"${FINETUNE:-finetune}" predict --model "$run" --data "$data" --shard "{}/$parts" --out "$out/labels-{}.${FORMAT:-parquet}" \
	--threads "${THREADS:-1}" --no-cache --quiet
