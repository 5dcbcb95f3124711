#!/bin/sh
@OPTIONS@
# The environment comes to every node once, is checked there, and runs the command in every task.
set -u
archive=@ARCHIVE@
name=@NAME@
to=@TO@
on_node=@ON_NODE@
private=@PRIVATE@

fail() {
  echo "envpack: error: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

[ -n "${SLURM_JOB_ID-}" ] || fail "this is a batch script, and Slurm has not started it" "sbatch $0"
# What was activated where the job was submitted need not be there on the nodes, and node would not start.
[ -z "${ENVPACK_PREFIX-}" ] || unset NODE_OPTIONS
folder=$to/envpack-$(id -u)
root=$folder/$name${private:+@job$SLURM_JOB_ID}
# A job that Slurm starts again keeps its number.
owner=$SLURM_JOB_ID.${SLURM_RESTART_COUNT:-0}

# Whatever the job asks for its tasks: one process a node, on so many nodes.
one_each() {
  count=$1
  shift
  srun --nodes="$count" --ntasks="$count" --ntasks-per-node=1 --cpus-per-task=1 --kill-on-bad-exit=0 --input=none --quiet "$@"
}

each_node() {
  one_each "$SLURM_JOB_NUM_NODES" sh -c "$on_node" envpack "$1" "$root" "$owner"
}

# The nodes that this job has locked, with commas between and behind. sbcast sends to all nodes of a job, or of a step.
send() {
  set -- "$folder/.${root##*/}.$owner" "${1%,}" "$(echo "$1" | tr -cd , | wc -c)"
  if [ "$3" -eq "$SLURM_JOB_NUM_NODES" ]; then
    sbcast --force "$archive" "$1"
  else
    one_each "$3" --nodelist="$2" sh -c '[ "$SLURM_PROCID" != 0 ] || exec sbcast --force --jobid="$SLURM_JOB_ID.$SLURM_STEP_ID" "$1" "$2"' envpack "$archive" "$1"
  fi
}

# No lock and no part of anything is left on the nodes that had nothing against it.
give_up() {
  each_node sweep
  fail "$1" "$2"
}

# First here: where Slurm ends the job, it starts nothing more on the nodes, and the others are left to `sweep_private`.
remove() {
  trap "" TERM
  sh -c "$on_node" envpack remove "$root" "$owner"
  each_node remove
}

# Once round, but where what another job was bringing did not come.
while :; do
  found=$(each_node look) || give_up "a node cannot take the environment" "the lines above name it; --to names another folder"
  if [ -n "$private" ]; then
    trap remove EXIT
    # The shell comes to this when srun has ended, and with it the tasks. That no more can be started need not be told.
    trap 'exec 2>/dev/null; exit 143' TERM
  fi
  locked=$(echo "$found" | sed -n 's/^locked //p' | tr '\n' ,)
  if [ -n "$locked" ]; then
    [ -r "$archive" ] || give_up "no such archive on node ${SLURMD_NODENAME-}: $archive" "put it on a file system that the nodes share"
    send "$locked" || give_up "the archive did not reach every node" "the lines above say why; where it is for want of room, --to names another folder"
  fi
  found=$(each_node ready) || give_up "a node has no sound environment" "the lines above name it"
  case $found in
  *again*) ;;
  *) break ;;
  esac
done
# srun does not take this from the job since Slurm 22.05.
srun ${SLURM_CPUS_PER_TASK:+--cpus-per-task="$SLURM_CPUS_PER_TASK"} \
  "$root/bin/envpack" run "$root" -- @COMMAND@
