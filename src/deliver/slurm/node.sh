# One process a node runs this: what to do, the folder of the environment, and for whom: the number of a job, and how
# often it was started again.
work=$1 root=$2 owner=$3 node=${SLURMD_NODENAME:-$(hostname)}
folder=${root%/*} name=${root##*/}
copy=$folder/.$name.$owner boot=$folder/.boot-$name.$owner
# A symbolic link to nowhere that names its owner: it appears with its content, and on a full disk as well.
lock=$folder/.$name.lock
# What Slurm is asked here is asked of this node's cluster.
unset NODE_OPTIONS NODE_PATH SLURM_CLUSTERS

# Each line names the node: srun mixes what comes from many, and its own lines, line by line.
fail() {
  printf "envpack: $node: %s\n" "error: $1" ${2:+"hint: $2"} >&2
  exit 1
}

# What envpack said, likewise.
relay() {
  echo "$said" | sed "s/^envpack: //; s/^/envpack: $node: /" | head -n 20 >&2
}

# What can be known before anything is sent. Who finds nothing here, and nobody at work on it, locks it and says so.
look() {
  open_folder
  sweep_old 2>/dev/null
  [ ! -e "$root" ] || return 0
  [ -z "@SYSTEM@" ] || [ "$(uname -s) $(uname -m)" = "@SYSTEM@" ] ||
    fail "the environment is for @PLATFORM@, and this node is $(uname -s) $(uname -m)" "ask for other nodes: --sbatch --constraint=..."
  command -v @PROGRAM@ >/dev/null || fail "@PROGRAM@ is not installed here, and without it this archive cannot be read" "pack it as .tar.gz"
  acquire || return 0
  trap release EXIT
  # Done by somebody in between.
  [ ! -e "$root" ] || exit 0
  free=$(df -Pk "$folder" 2>/dev/null | sed -n '$s/.* \([0-9][0-9]*\)  *[0-9][0-9]*% .*/\1/p')
  [ "${free:-@ROOM@}" -ge @ROOM@ ] ||
    fail "$((free / 1000)) MB are free in $folder, and unpacking takes about $((@ROOM@ / 1000)) MB" "--to names another folder"
  trap - EXIT
  echo "locked $node"
}

# Others may write where it lies: a folder that somebody else made there could hold anything.
open_folder() {
  said=$(mkdir -p "${folder%/*}" 2>&1) || fail "no folder for the environment: $said"
  [ -d "$folder" ] || said=$(mkdir -m 700 "$folder" 2>&1) || [ -d "$folder" ] || fail "no folder for the environment: $said"
  is_own || fail "not a folder of yours: $folder"
  [ -w "$folder" ] || fail "a folder that you may not write: $folder"
}

is_own() {
  [ ! -h "$folder" ] && [ -O "$folder" ]
}

# Left by jobs that were killed two days ago or earlier. Another job may sweep at the same moment: what is gone is no error.
sweep_old() {
  find "$folder" -maxdepth 1 -name ".*" -type f -mtime +1 -exec rm -f {} +
  find "$folder" -maxdepth 1 -name ".boot-*" -mtime +1 -exec rm -rf {} +
  find "$folder" -maxdepth 1 -name "*@job[0-9]*" -type d -mtime +1 | sweep_private
  find "$folder" -maxdepth 1 -name ".*.lock" -type l -mtime +1 | while read -r path; do
    holder=$(readlink "$path")
    [ -z "$holder" ] || runs "$holder" || take_away "$path" 9<"$folder"
  done
}

# A job may run for longer: its copy goes when Slurm knows no such job. (squeue hides jobs by variables of the user.)
sweep_private() {
  while read -r path; do
    job=${path##*@job}
    case $(scontrol --all show job "${job%%.*}" 2>&1) in
    *"Invalid job id"*) rm -rf "$path" ;;
    esac
  done
}

# Whether the job of a lock runs, and was not started again since. Where Slurm does not answer it may.
runs() {
  answer=$(scontrol --all --oneliner show job "${1%.*}" 2>&1)
  case $answer in
  *"Invalid job id"*) return 1 ;;
  *JobState=*) ;;
  *) return 0 ;;
  esac
  # The number of an array is one job's of it too, and Slurm shows them all.
  echo "$answer" | grep -Eq "^JobId=${1%.*} .* JobState=(RUNNING|SUSPENDED|STOPPED|SIGNALING|RESIZING|CONFIGURING|COMPLETING) .* Restarts=${1##*.} "
}

# Takes the lock, also from a job that was killed.
acquire() {
  for try in 1 2 3; do
    said=$(ln -sn "$owner" "$lock" 2>&1) && return
    holder=$(readlink "$lock")
    [ "$holder" != "$owner" ] || return 0
    [ -z "$holder" ] || ! runs "$holder" || return 1
    take_away "$lock" 9<"$folder"
  done
  [ -h "$lock" ] || [ -e "$root" ] || fail "cannot write to $folder: $said"
  return 1
}

# Takes away the lock of a dead holder with what that job left, or what is no link and so nobody's lock. Many may have seen
# it, and one of them may have taken it away and locked since: one is here at a time, where there is flock(1), and looks
# again. A lock leads nowhere, so for -e there is none.
take_away() {
  flock 9 2>/dev/null
  if [ -n "$holder" ]; then [ "$(readlink "$1")" = "$holder" ]; else [ -e "$1" ]; fi || return 0
  left=${1##*/.} left=${left%.lock}.${holder##*/}
  rm -rf "$1" "$folder/.$left" "$folder/.boot-$left"
}

is_mine() {
  [ "$(readlink "$lock")" = "$owner" ]
}

# With all that this job has put there beside the environment.
release() {
  rm -rf "$boot" "$copy"
  ! is_mine || rm -f "$lock"
}

# Another job brings it: until it is there, or that job is not any more.
await() {
  waited=0
  while [ ! -e "$root" ]; do
    holder=$(readlink "$lock") || return 0
    [ $((waited % 10)) != 0 ] || runs "$holder" || return 0
    [ $waited != 3 ] || printf "envpack: $node: %s\n" "waits for job ${holder%.*}, which brings the environment" >&2
    sleep 1
    waited=$((waited + 1))
  done
}

# The archive brings its own node: that and the tool come out first, the tool does the rest.
restore() {
  said=$(rm -rf "$boot" && mkdir -m 700 "$boot" 2>&1) || fail "cannot write to $folder: $said"
  said=$(exec 2>&1; LC_ALL=C; export LC_ALL; @EXTRACT@) || fail_extract
  said=$("$boot"/@NODE@ "$boot"/@TOOL@ unpack --quiet --shared "$copy" "$root" 2>&1) && return
  # Status 3: restored, but some files go on naming the folder that it was made in. Those are told, and the job runs.
  [ $? = 3 ] && relay && return
  case $said in
  envpack:*) relay; exit 1 ;;
  *) fail "the node of the environment does not start: $(first_line)" "srun -w $node ls -l $folder shows what of it is there; where programs may not run, --to names another folder" ;;
  esac
}

fail_extract() {
  case $said in
  *"No space left"* | *uota* | *"rote only"*) fail "cannot unpack: $(first_line)" "there is no more room in $folder: --to names another folder" ;;
  *) fail "cannot unpack: $(first_line)" "srun -w $node df $folder shows the disk; --to names another folder" ;;
  esac
}

verify() {
  said=$("$root/bin/envpack" verify --quiet "$root" 2>&1) && return
  relay
  fail "the copy on this node is not as it was packed: $root" "envpack verify $root --repair ARCHIVE mends it; or remove it there: srun -w $node rm -rf $root"
}

first_line() {
  echo "$said" | head -n 1
}

case $work in
look) look ;;
ready)
  trap release EXIT
  trap "exit 1" HUP INT TERM
  if ! is_mine; then
    await
  elif [ ! -e "$root" ]; then
    restore
  fi
  # Whoever waits goes on.
  release
  if [ -e "$root" ]; then verify; else echo again; fi
  ;;
sweep) ! is_own || release ;;
remove)
  # At once: the job could be started again, and find what was left by a removal that was cut off.
  gone=$folder/.boot-$name
  mv "$root" "$gone" 2>/dev/null
  rm -rf "$gone"
  release
  ;;
esac
