# `envpack run COMMAND`: the command takes this shell's place, so that its process id, all signals and all
# descriptors are its own, and no node stands in between. What takes more than that is left to the tool:
# options, another environment or an archive, a command that is not found, and a node that cannot be executed.
_ep_command=
case ${1-} in
run)
  if [ "${2-}" = -- ]; then _ep_command=${3-} _ep_words=2; else _ep_command=${2-} _ep_words=1; fi
  ;;
esac
case $_ep_command in
-*) _ep_command= ;;
@ARCHIVES@) if [ -f "$_ep_command" ]; then _ep_command=; fi ;;
esac
if [ -n "$_ep_command" ] && [ -f "$_ep_command/.envpack/manifest.json" ]; then _ep_command=; fi
case $_ep_root in
*:*) _ep_command= ;;
esac
if [ -n "$_ep_command" ] && [ -z "${_ep_loader-}" ] && [ -f "$_ep_root/.envpack/manifest.json" ] && [ -f "$_ep_root/.envpack/index.jsonl" ]; then
  _ep_script=
  _ep_found=
  case $_ep_command in
  *.js | *.mjs | *.cjs | *.ts | *.mts | *.cts) if [ -f "$_ep_command" ]; then _ep_script=$_ep_command; fi ;;
  esac
  case $_ep_command in
  */*) if [ -f "$_ep_command" ] && [ -x "$_ep_command" ]; then _ep_found=$_ep_command; fi ;;
  *)
    _ep_folders=$PATH:
    while [ -z "$_ep_found$_ep_script" ] && [ -n "$_ep_folders" ]; do
      _ep_folder=${_ep_folders%%:*}
      _ep_folders=${_ep_folders#*:}
      if [ -f "${_ep_folder:-.}/$_ep_command" ] && [ -x "${_ep_folder:-.}/$_ep_command" ]; then _ep_found=$_ep_command; fi
    done
    ;;
  esac
  if [ -n "$_ep_found$_ep_script" ]; then
@QUOTE@
    _ep_option=--require=$_ep_root/.envpack/hook.cjs
    case $_ep_option in
    *' '* | *'"'*) _ep_option="\"--require=$_ep_quoted/.envpack/hook.cjs\"" ;;
    esac
    NODE_OPTIONS=$_ep_option${NODE_OPTIONS:+ $NODE_OPTIONS}
    ENVPACK_PREFIX=$_ep_root
    ENVPACK_NAME='@NAME@'
    export NODE_OPTIONS ENVPACK_PREFIX ENVPACK_NAME
    shift "$_ep_words"
    if [ -n "$_ep_script" ]; then
      shift
      case $_ep_script in
      /*) ;;
      *) _ep_script=./$_ep_script ;;
      esac
      exec node "$_ep_script" "$@"
    fi
    exec "$@"
  fi
fi
