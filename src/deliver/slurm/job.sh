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
copy=$folder/.$name.$SLURM_JOB_ID

# Whatever the job asks for its tasks: one process a node.
each_node() {
  srun --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --cpus-per-task=1 \
    --kill-on-bad-exit=0 --input=none --quiet sh -c "$on_node" envpack "$1" "$root" "$copy"
}

# First here: where Slurm ends the job, it starts nothing more on the nodes, and the others are left to `sweep_private`.
remove() {
  trap "" TERM
  sh -c "$on_node" envpack remove "$root" "$copy"
  each_node remove
}

found=$(each_node look) || fail "a node cannot take the environment" "the lines above name it; --to names another folder"
if [ -n "$private" ]; then
  trap remove EXIT
  # The shell comes to this when srun has ended, and with it the tasks. That no more can be started need not be told.
  trap 'exec 2>/dev/null; exit 143' TERM
fi
case $found in
*absent*)
  [ -r "$archive" ] || fail "no such archive on node ${SLURMD_NODENAME-}: $archive" "put it on a file system that the nodes share"
  if ! sbcast --force "$archive" "$copy"; then
    each_node sweep
    fail "the archive did not reach every node" "is there room in $to? --to names another folder"
  fi
  ;;
esac
each_node ready || fail "a node has no sound environment" "the lines above name it"
# srun does not take this from the job since Slurm 22.05.
srun ${SLURM_CPUS_PER_TASK:+--cpus-per-task="$SLURM_CPUS_PER_TASK"} \
  "$root/bin/envpack" run "$root" -- @COMMAND@
