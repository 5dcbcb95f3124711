# One process a node runs this: what to do, the folder of the environment, the copy of the archive.
work=$1 root=$2 copy=$3 node=${SLURMD_NODENAME:-$(hostname)}
folder=${root%/*}
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

# Others may write where it lies: a folder that somebody else made there could hold anything.
look() {
  said=$(mkdir -p "${folder%/*}" 2>&1) || fail "no folder for the environment: $said"
  [ -d "$folder" ] || said=$(mkdir -m 700 "$folder" 2>&1) || [ -d "$folder" ] || fail "no folder for the environment: $said"
  [ ! -h "$folder" ] && [ -O "$folder" ] || fail "not a folder of yours: $folder"
  [ -w "$folder" ] || fail "a folder that you may not write: $folder"
  # Left by jobs that were killed two days ago or earlier.
  find "$folder" -maxdepth 1 -name ".*" -type f -mtime +1 -exec rm -f {} +
  find "$folder" -maxdepth 1 -name ".boot-*" -mtime +1 -exec rm -rf {} +
  find "$folder" -maxdepth 1 -name "*@job[0-9]*" -type d -mtime +1 | sweep_private
  [ -e "$root" ] || echo absent
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

# The archive brings its own node: that and the tool come out first, the tool does the rest. Of many that
# start together one restores, the others wait.
restore() {
  [ -z "@SYSTEM@" ] || [ "$(uname -s) $(uname -m)" = "@SYSTEM@" ] ||
    fail "the environment is for @PLATFORM@, and this node is $(uname -s) $(uname -m)" "ask for other nodes: --sbatch --constraint=..."
  command -v @PROGRAM@ >/dev/null || fail "@PROGRAM@ is not installed here, and without it this archive cannot be read" "pack it as .tar.gz"
  boot=$(mktemp -d "$folder/.boot-XXXXXX" 2>&1) || fail "$boot"
  said=$(@EXTRACT@ 2>&1) || fail "cannot unpack: $(first_line)" "is there room in $folder?"
  said=$("$boot"/@NODE@ "$boot"/@TOOL@ unpack --quiet --shared "$copy" "$root" 2>&1) && return
  case $said in
  envpack:*) relay; exit 1 ;;
  *) fail "the node of the environment does not start: $(first_line)" ;;
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
  boot=
  trap "rm -rf \"\$boot\" \"\$copy\"" EXIT
  trap "exit 1" HUP INT TERM
  [ -e "$root" ] || restore
  verify
  ;;
sweep) rm -f "$copy" ;;
remove)
  # At once: the job could be started again, and find what was left by a removal that was cut off.
  gone=$folder/.boot-${root##*/}
  mv "$root" "$gone" 2>/dev/null
  rm -rf "$gone" "$copy"
  ;;
esac
