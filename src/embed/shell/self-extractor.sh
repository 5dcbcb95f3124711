# It needs sh, tar, gzip, tail and one of sha256sum, shasum and openssl. The environment that calls it may hold
# anything: options of the shell, IFS, CDPATH, options for tar and gzip.
[ -z "${ZSH_VERSION-}" ] || emulate sh
self=$0
unset IFS
set -u +e +f +C
stage= made= ended=${!-} code=0

die() {
  printf 'envpack: error[%s] %s\n' "$1" "$2" >&2
  [ $# -lt 3 ] || printf 'hint: %s\n' "$3" >&2
  clean
  [ "$1" != USAGE ] || exit 2
  exit 1
}

usage() {
  printf '%s\n' \
    "$name, for $platform" '' \
    "  ${self##*/} [DIR]          restore the environment to DIR, all or nothing (default: this file's name without .sh)" \
    "  ${self##*/} -- CMD ARGS    run a command of the environment, which is restored to a cache once" \
    "  ${self##*/} --list         what it holds" \
    "  ${self##*/} --check        whether it is whole" \
    "  ${self##*/} --help" '' \
    "From a folder where no program may run: sh ${self##*/}. The cache is envpack/sh in \$XDG_CACHE_HOME or ~/.cache." \
    "envpack reads this file as an archive: list, info, verify, unpack, run, diff." \
    "Exit status: 0 done, 1 refused, 2 wrong usage, 3 restored, but places still name the folder it was made in."
}

# This very file: what is piped into a shell, or sourced, has another one's name in $0, or none.
find_self() {
  case $self in
  */*) ;;
  *) if [ -f "./$self" ]; then self=./$self; else self=$(command -v "$self" 2>/dev/null) || self=; fi ;;
  esac
  if [ -f "$self" ] && [ -r "$self" ]; then
    for count in 1 2 3 4 5; do
      IFS= read -r line || break
      case $line in
      "sha256=$sha256"*) return ;;
      esac
    done <"$self"
  fi
  die USAGE 'a script that is piped into a shell, or sourced, cannot find what it carries' 'save it to a file, then: sh FILE DIR'
}

payload() { tail -c "+$start" <"$self"; }

digest() {
  if command -v sha256sum >/dev/null 2>&1; then payload | sha256sum
  elif command -v shasum >/dev/null 2>&1; then payload | shasum -a 256
  elif command -v openssl >/dev/null 2>&1; then payload | openssl dgst -sha256 -r
  else echo none
  fi
}

# Nothing is written or run before this.
check() {
  for program in tail gzip tar; do
    command -v "$program" >/dev/null 2>&1 || die COMMAND_FAILED "this machine has no $program" "install it, or unpack with: envpack unpack FILE DIR"
  done
  found=$(digest)
  case $found in
  "$sha256"*) ;;
  none) die COMMAND_FAILED 'none of sha256sum, shasum and openssl is here to check this file with' 'install one, or unpack with: envpack unpack FILE DIR' ;;
  *) die ARCHIVE_CORRUPT "this file is damaged, cut off or longer than it was: $self" 'copy it again, as binary' ;;
  esac
}

fits() {
  machine=$(uname -s -m 2>/dev/null) || return 0
  case $platform in
  linux-x64*) needed='Linux x86_64' ;;
  linux-arm64*) needed='Linux aarch64' ;;
  linux-*) needed='Linux *' ;;
  darwin-x64) needed='Darwin x86_64' ;;
  darwin-arm64) needed='Darwin arm64' ;;
  *) return 0 ;;
  esac
  case $machine in
  $needed) ;;
  *) die PLATFORM_MISMATCH "this environment is for $platform; this machine is $machine" 'make it on a machine like this one: envpack pack --format sh' ;;
  esac
}

# What runs longer is a job that is waited for: a shell looks at signals between its commands only. Which job still runs
# is told by the shell's own $!: a signal may come before the script could note a job that it has just started.
await() {
  wait "$!"
  code=$?
  ended=$!
  return "$code"
}

clean() {
  if [ "${!-}" != "$ended" ]; then
    kill "$!" 2>/dev/null
    wait "$!" 2>/dev/null
    ended=$!
  fi
  # What still writes ends with what it reads from.
  if [ -n "$stage" ]; then
    rm -rf -- "$stage" 2>/dev/null || { sleep 1; rm -rf -- "$stage"; }
    stage=
  fi
  while [ -n "$made" ] && [ "$made" != "$above" ]; do
    [ ! -d "$made" ] || rmdir -- "$made" 2>/dev/null || break
    made=${made%/*}
  done
  made=
}

interrupted() {
  clean
  trap - "$1"
  kill -s "$1" "$$"
  exit 1
}

catch() { for signal in HUP INT TERM; do trap "interrupted $signal" "$signal"; done; }
release() { for signal in HUP INT TERM; do trap - "$signal"; done; }

# What was being made a day ago, by a shell that was killed.
sweep() {
  for old in "$1"/.envpack-sh-*; do
    [ -d "$old" ] && [ ! -h "$old" ] && [ -O "$old" ] || continue
    [ -z "$(find "$old" -prune -mtime +1 2>/dev/null)" ] || rm -rf -- "$old"
  done
}

name_target() {
  target=$1
  case $target in
  /* | ./* | ../*) ;;
  *) target=./$target ;;
  esac
  while [ "$target" != "${target%/}" ]; do target=${target%/}; done
  case $target in
  '' | . | */. | */..) die TARGET_UNSUITABLE "no environment can be put there: ${1:-the folder has no name}" 'name another folder' ;;
  esac
  parent=${target%/*}
  parent=${parent:-/}
  if [ -h "$target" ] || { [ -e "$target" ] && [ ! -d "$target" ]; } || { [ -d "$target" ] && [ -n "$(ls -A "$target")" ]; }; then
    die TARGET_EXISTS "the target exists: $target" 'name another folder, or remove this one'
  fi
}

make_stage() {
  catch
  above=$parent
  while [ -n "$above" ] && [ ! -d "$above" ]; do above=${above%/*}; done
  [ "$above" = "$parent" ] || made=$parent
  mkdir -p -- "$parent" || die IO "cannot make the folder: $parent" 'name another folder'
  sweep "$parent"
  stage=$parent/.envpack-sh-$$
  ( umask 077 && mkdir -- "$stage" ) || { stage=; die IO "cannot write into: $parent" 'name another folder'; }
  stage_tree=$stage/tree-$$
  mkdir -- "$stage_tree" && printf '#!/bin/sh\nexit 0\n' >"$stage/probe" && chmod 700 "$stage/probe" || die IO "cannot write into: $parent" 'name another folder'
  "$stage/probe" 2>/dev/null || die TARGET_UNSUITABLE "no program may run in $parent: it is mounted noexec" 'name a folder on another file system'
}

# The index is the last in the archive: where it is, all is.
extract() {
  payload | (unset GZIP; exec gzip -dc) | (
    unset TAR_OPTIONS TAR_READER_OPTIONS POSIXLY_CORRECT TAPE
    CDPATH= cd -- "$stage_tree" && exec tar -xof -
  ) &
  await && [ -f "$stage_tree/.envpack/manifest.json" ] && [ -f "$stage_tree/.envpack/index.jsonl" ] ||
    die IO "cannot restore to $target" 'what tar says above is the reason; is there room on the disk?'
}

# The environment's own envpack looks at every file again, and writes its place into those that name another.
settle() {
  place=$(CDPATH= cd -P -- "$parent" && pwd -P && echo .) || die IO "cannot find the folder: $parent"
  place=${place%??}
  place=${place%/}/${target##*/}
  tool=$stage_tree/bin/envpack
  if said=$(NODE_OPTIONS= "$tool" --version 2>&1 </dev/null); then
    NODE_OPTIONS= "$tool" verify -q "$stage_tree" >&2 &
    await || die VERIFY_DIFFERS "what was written is not what this file holds: $target" 'look at the disk'
    NODE_OPTIONS= "$tool" relocate -q --root "$place" "$stage_tree" >&2 &
    await
    [ "$code" = 0 ] || [ "$code" = 3 ] || die RELOCATION_FAILED "the files that name the folder it was made in could not be rewritten for $target" 'what is said above is the reason'
  else
    printf '%s\n' ${said:+"$said"} "envpack: Node.js does not start here, so no file was rewritten for its new folder; where it does: $target/bin/envpack relocate" >&2
    code=0
  fi
}

# Another one may have put something there meanwhile: then mv put the tree into it.
publish() {
  emptied=
  if [ -d "$target" ]; then
    rmdir -- "$target" || die TARGET_EXISTS "the target cannot be replaced: $target" 'name a folder in it'
    emptied=$target
  fi
  if [ -e "$target" ] || ! mv -- "$stage_tree" "$target"; then
    [ -z "$emptied" ] || mkdir -- "$target" 2>/dev/null
    die TARGET_EXISTS "the environment cannot be put there: $target" 'name another folder'
  fi
  if [ -d "$target/${stage_tree##*/}" ]; then
    rm -rf -- "$target/${stage_tree##*/}"
    die TARGET_EXISTS "the target exists: $target" 'name another folder'
  fi
  made=
  clean
  release
}

restore() {
  make_stage
  extract
  settle
  publish
}

# A folder that nobody else can write into.
is_own() {
  [ -d "$1" ] && [ ! -h "$1" ] && [ -O "$1" ] && [ -w "$1" ] || return 1
  case $(ls -ld -- "$1") in
  d????-??-*) ;;
  *) return 1 ;;
  esac
}

open_cache() {
  base=
  case ${XDG_CACHE_HOME-} in
  /*) base=$XDG_CACHE_HOME ;;
  *) case ${HOME-} in /?*) [ ! -d "$HOME" ] || base=$HOME/.cache ;; esac ;;
  esac
  if [ -n "$base" ]; then
    cache=$base/envpack/sh
    ( umask 077 && mkdir -p -- "$cache" ) 2>/dev/null
    [ -O "$base" ] && is_own "$base/envpack" && is_own "$cache" && return
  fi
  base=${TMPDIR:-/tmp}/envpack-$(id -u)
  cache=$base/sh
  ( umask 077 && mkdir -- "$base"; mkdir -- "$cache" ) 2>/dev/null
  is_own "$base" && is_own "$cache" || die TARGET_UNSUITABLE "another user can write into the cache: $base" 'set XDG_CACHE_HOME to a folder of your own'
}

run() {
  fits
  open_cache
  sweep "$cache"
  target=$cache/$sha256 parent=$cache
  if [ ! -d "$target" ]; then
    check
    # Where two do this at once, the second one finds what the first one has put there.
    make_stage
    extract
    settle
    if [ -d "$target" ]; then clean; release; else publish_or_use; fi
  fi
  is_own "$target" || die TARGET_UNSUITABLE "the environment in the cache is not yours: $target" 'remove it'
  exec "$target/bin/envpack" run -- "$@"
}

publish_or_use() {
  mv -- "$stage_tree" "$target" 2>/dev/null
  [ ! -d "$target/${stage_tree##*/}" ] || rm -rf -- "$target/${stage_tree##*/}"
  clean
  release
  [ -d "$target" ] || die IO "cannot write into the cache: $cache" 'set XDG_CACHE_HOME to another folder'
}

main() {
  find_self
  case ${1-} in
  --)
    shift
    [ $# -gt 0 ] || die USAGE 'no command was named' "${self##*/} -- COMMAND"
    run "$@"
    ;;
  --help | -h) usage ;;
  --check)
    check
    printf 'ok: %s, %s bytes\n' "$name" "$size"
    ;;
  --list)
    check
    payload | gzip -dc | tar -tf -
    ;;
  -*) die USAGE "unknown option: $1" "${self##*/} --help; a folder's name that begins with a dash: ./$1" ;;
  *)
    [ $# -lt 2 ] || die USAGE "one folder is enough: $2" "${self##*/} --help"
    default=${self##*/}
    [ "${default%.sh}" != "$default" ] && default=${default%.sh} || default=$name
    name_target "${1-$default}"
    fits
    check
    restore
    case $target in
    *[!A-Za-z0-9_./+-]*) next=DIR ;;
    *) next=$target ;;
    esac
    printf 'restored %s\nnext: . %s/bin/activate, or %s/bin/envpack run COMMAND\n' "$target" "$next" "$next" >&2
    exit "$code"
    ;;
  esac
}
main "$@"; exit
