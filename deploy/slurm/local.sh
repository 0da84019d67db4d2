#!/bin/bash
# Starts a Slurm cluster of a controller and two nodes on this machine, runs a command in it, and ends it. For tests; needs root, and
# Debian's packages slurm-wlm and munge.
#
#   local.sh sbatch --wait job.sh
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "local.sh: user $(id -un); expected root, which Slurm's daemons need here" >&2; exit 2; }
dir=$(mktemp -d)
pids=()
finish() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
	rm -rf "$dir"
}
trap finish EXIT
# Ports that nothing listens on, and a socket of its own, so that an installed cluster isn't disturbed.
read -r port nodes <<<"$(python3 -c '
import socket
s = [socket.socket() for _ in range(3)]
for x in s: x.bind(("127.0.0.1", 0))
print(s[0].getsockname()[1], ",".join(str(x.getsockname()[1]) for x in s[1:]))')"
mkdir "$dir"/{state,spool-n1,spool-n2,munge}
chmod 700 "$dir/munge"
dd if=/dev/urandom of="$dir/munge/key" bs=1024 count=1 status=none
chmod 400 "$dir/munge/key"
chmod 755 "$dir"
munged --foreground --force --key-file="$dir/munge/key" --socket="$dir/munge.socket" --pid-file="$dir/munge/pid" \
	--log-file="$dir/munge/log" --seed-file="$dir/munge/seed" >"$dir/munged.out" 2>&1 &
pids+=($!)
cat >"$dir/slurm.conf" <<END
ClusterName=local
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool-%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SwitchType=switch/none
NodeName=n1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=${nodes%,*} CPUs=1 RealMemory=4000
NodeName=n2 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=${nodes#*,} CPUs=1 RealMemory=4000
PartitionName=local Nodes=n1,n2 Default=YES State=UP
END
export SLURM_CONF=$dir/slurm.conf
# Slurm marks jobs of an array whose node isn't up yet as waiting for minutes, so the nodes are waited for.
slurmctld -D -c >"$dir/slurmctld.out" 2>&1 &
pids+=($!)
for node in n1 n2; do
	slurmd -D -N $node >"$dir/slurmd-$node.out" 2>&1 &
	pids+=($!)
done
for _ in $(seq 300); do
	[ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ] && ready=1 && break
	sleep 0.2
done
if [ -z "${ready:-}" ]; then
	sinfo >&2 || true
	tail -n 20 "$dir"/*.out "$dir"/*.log >&2 || true
	echo "local.sh: the nodes didn't come up" >&2
	exit 1
fi
"$@"
