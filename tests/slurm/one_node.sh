#!/usr/bin/env bash
# A Slurm of this machine alone, for tests, without systemd: munged, slurmctld and two slurmd, which
# play two nodes. Everything lies in one folder; run it as root, with slurm-wlm and munge installed.
#
#   tests/slurm/one_node.sh start FOLDER     starts it; then: export SLURM_CONF=FOLDER/slurm.conf
#   tests/slurm/one_node.sh stop FOLDER      ends all jobs and daemons
set -euo pipefail

action=${1:?start or stop}
folder=$(realpath -m "${2:?a folder}")
export SLURM_CONF=$folder/slurm.conf
nodes=(here-a here-b)

start() {
    mkdir -p "$folder"/{state,spool-here-a,spool-here-b,munge}
    port=$((17000 + $$ % 10000))  # and the next two; others may test here too
    cores=4  # whatever the machine has: with config_overrides Slurm believes it
    memory=$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
    write_configuration
    # Munge wants its folder to be its own, and no other's on the way there.
    chmod 755 "$folder"
    chown munge "$folder/munge"
    head -c 1024 /dev/urandom >"$folder/munge/key"
    chown munge "$folder/munge/key"
    chmod 400 "$folder/munge/key"
    runuser -u munge -- munged --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
        --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
    slurmctld -c >"$folder/slurmctld.out" 2>&1
    for node in "${nodes[@]}"; do
        slurmd -N "$node" >"$folder/slurmd-$node.out" 2>&1
    done
    for _ in $(seq 60); do
        if [ "$(sinfo -h -t idle -N 2>/dev/null | wc -l)" = "${#nodes[@]}" ]; then return; fi
        sleep 1
    done
    echo "one_node.sh: the nodes did not come up; see the logs in $folder" >&2
    exit 1
}

write_configuration() {
    cat >"$SLURM_CONF" <<END
ClusterName=here
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A requeued job waits for its old credential to expire: seconds here, minutes elsewhere.
AuthInfo=socket=$folder/munge/socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
SlurmctldPort=$port
# No cgroups, no accounting: what a container or a CI machine allows.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
SchedulerParameters=batch_sched_delay=1,sched_interval=5,bf_interval=5
KillWait=30
UnkillableStepTimeout=120
NodeName=here-a NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=$cores RealMemory=$memory State=UNKNOWN
NodeName=here-b NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=$cores RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
}

stop() {
    if [ -f "$SLURM_CONF" ]; then
        scancel --full --user=root 2>/dev/null || true
        sleep 1
    fi
    for file in "$folder"/slurmd-*.pid "$folder/slurmctld.pid" "$folder/munge/pid"; do
        if [ -f "$file" ]; then end "$(cat "$file")"; fi
    done
}

# End a daemon and wait until it has: it writes its state last.
end() {
    for _ in $(seq 100); do
        kill "$1" 2>/dev/null || return 0
        if grep -q '^State:.*zombie' "/proc/$1/status" 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    kill -9 "$1" 2>/dev/null || true
}

case $action in
    start) start ;;
    stop) stop ;;
    *) echo "one_node.sh: start or stop, not $action" >&2; exit 1 ;;
esac
