#!/bin/sh
@OPTIONS@
# The environment comes to every node once, is checked there, and runs the command in every task.
set -u
archive=@ARCHIVE@
name=@NAME@
to=@TO@
on_node=@ON_NODE@

fail() {
  echo "envpack: error: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

[ -n "${SLURM_JOB_ID-}" ] || fail "this is a batch script, and Slurm has not started it" "sbatch $0"
# What was activated where the job was submitted need not be there on the nodes, and node would not start.
[ -z "${ENVPACK_PREFIX-}" ] || unset NODE_OPTIONS
folder=$to/envpack-$(id -u)
root=$folder/$name@PRIVATE@
copy=$folder/.$name.$SLURM_JOB_ID

# Whatever the job asks for its tasks: one process a node.
each_node() {
  srun --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --cpus-per-task=1 \
    --kill-on-bad-exit=0 --input=none --quiet sh -c "$on_node" envpack "$1" "$root" "$copy"
}

found=$(each_node look) || fail "a node cannot take the environment" "the lines above name it; --to names another folder"
case $found in
*absent*)
  [ -r "$archive" ] || fail "no such archive on node ${SLURMD_NODENAME-}: $archive" "put it on a file system that the nodes share"
  if ! sbcast --force "$archive" "$copy"; then
    each_node sweep
    fail "the archive did not reach every node" "is there room in $to? --to names another folder"
  fi
  ;;
esac
if ! each_node ready; then
  @REMOVE@
  fail "a node has no sound environment" "the lines above name it"
fi
# srun does not take this from the job since Slurm 22.05.
srun ${SLURM_CPUS_PER_TASK:+--cpus-per-task="$SLURM_CPUS_PER_TASK"} \
  "$root/bin/envpack" run "$root" -- @COMMAND@
status=$?
@REMOVE@
exit "$status"
