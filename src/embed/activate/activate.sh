# Activates this environment in the shell that reads this file: `source bin/activate` in bash, zsh
# and ksh, `. bin/activate` in dash, busybox ash, mksh and yash. `deactivate` undoes it: what was
# unset is unset again, and what was changed in between stays as it was changed.
#
# It is written for shells under set -e, set -u, set -f, noclobber and allexport, with any IFS, and with
# aliases and functions of the user's by the names of commands: hence the backslashes and "command". What a
# shell tells of itself is asked for inside eval and a subshell, where the syntax of one cannot hurt another.
# State lives in variables named by depth, so that environments can be activated on top of each other. They
# are this shell's own: its children get none of them, and what one should find set it does not believe.

# Under allexport (set -a) all that is set here would go on to every child.
case $- in
*a*)
  \set +a
  _envpack_allexport=1
  ;;
*) _envpack_allexport= ;;
esac

# The name in the prompt.
_envpack_name='@NAME@'

# The path of this file goes to _envpack_self; a dot at its end keeps a newline that may end it.
_envpack_self=
if [ -n "${BASH_VERSION-}" ]; then
  _envpack_self=${BASH_SOURCE-}.
elif [ -n "${ZSH_VERSION-}" ]; then
  _envpack_self=$(\eval 'printf %s. "${(%):-%x}"' 2>/dev/null) || :
elif [ -n "${KSH_VERSION-}" ]; then
  _envpack_self=$(\eval 'printf %s. "${.sh.file}"' 2>/dev/null) || :
fi
_envpack_self=${_envpack_self%.}

# Sets _envpack_root to the environment's folder; fails where nothing tells it.
_envpack_locate() {
  [ -z "${ZSH_VERSION-}" ] || \emulate -L sh
  if [ ! -f "$_envpack_self" ]; then _envpack_ask_kernel; fi
  while [ -h "$_envpack_self" ]; do
    _envpack_link=$(PATH=${PATH:+$PATH:}/usr/bin:/bin; \command readlink "$_envpack_self" && \command echo .) || \return 1
    _envpack_link=${_envpack_link%??}
    case $_envpack_link in
    /*) _envpack_self=$_envpack_link ;;
    *)
      case $_envpack_self in */*) ;; *) _envpack_self=./$_envpack_self ;; esac
      _envpack_self=${_envpack_self%/*}/$_envpack_link
      ;;
    esac
  done
  case $_envpack_self in
  */*) _envpack_root=${_envpack_self%/*}/.. ;;
  ?*) _envpack_root=.. ;;
  *) _envpack_root=${ENVPACK_ROOT-.} ;;
  esac
  case $_envpack_root in /*) ;; *) _envpack_root=./$_envpack_root ;; esac
  if [ ! -f "$_envpack_root/bin/activate" ]; then \return 1; fi
  _envpack_root=$(CDPATH= \command cd -P "$_envpack_root" && \command pwd -P && \command echo .) || \return 1
  _envpack_root=${_envpack_root%??}
}

# dash, busybox ash, mksh and yash do not tell which file they read, but they keep it open, and
# Linux names the files that a process holds open. /proc/self is read by a redirection, which the
# shell does itself: so it is right in a subshell too, where $$ is not.
_envpack_ask_kernel() {
  _envpack_self=
  if [ ! -r /proc/self/stat ]; then \return 0; fi
  IFS=' ' \read -r _envpack_pid _envpack_link </proc/self/stat || :
  _envpack_fd=3
  while [ "$_envpack_fd" -lt 256 ]; do
    if [ -f "/proc/$_envpack_pid/fd/$_envpack_fd" ]; then
      _envpack_link=$(PATH=${PATH:+$PATH:}/usr/bin:/bin; \command readlink "/proc/$_envpack_pid/fd/$_envpack_fd" && \command echo .) || :
      _envpack_link=${_envpack_link%??}
      case $_envpack_link in
      */bin/activate)
        if [ -f "$_envpack_link" ]; then _envpack_self=$_envpack_link; fi
        ;;
      esac
    fi
    _envpack_fd=$((_envpack_fd + 1))
  done
}

# What stands in the way, in a line with a hint, goes to _envpack_trouble and _envpack_hint.
_envpack_look() {
  [ -z "${ZSH_VERSION-}" ] || \emulate -L sh
  _envpack_trouble=
  if ! _envpack_locate; then
    _envpack_trouble="this shell does not tell where bin/activate lies"
    _envpack_hint="set ENVPACK_ROOT to the environment's folder, or change to that folder, and try again"
  elif [ ! -f "$_envpack_root/.envpack/hook.cjs" ]; then
    _envpack_trouble="error[NOT_AN_ENVIRONMENT] this environment is not whole, it lacks $_envpack_root/.envpack"
    _envpack_hint='`cp dir/*` and uploads without hidden files lose what begins with a dot: copy the whole folder (`cp -a dir target`), or unpack the archive again'
  else
    case $_envpack_root in
    *:*)
      _envpack_trouble="error[TARGET_UNSUITABLE] the environment cannot be activated here: PATH cannot hold a folder with \":\" in its path: $_envpack_root"
      _envpack_hint='move it to a folder without ":" in its path'
      ;;
    esac
  fi
}
_envpack_look
# Executed instead of sourced (in zsh $0 is this file in both cases), it would end without an effect.
if [ -z "$_envpack_trouble" ] && [ "${ZSH_EVAL_CONTEXT-toplevel}" = toplevel ] && [ -f "$0" ] && [ "$0" -ef "$_envpack_root/bin/activate" ]; then
  \command printf 'envpack: bin/activate changes the shell that reads it: source it (`. %s`) instead of executing it\n' "$0" >&2
  exit 1
fi
if [ -n "$_envpack_trouble" ]; then
  \command printf 'envpack: %s\nhint: %s\n' "$_envpack_trouble" "$_envpack_hint" >&2
  \unset -f _envpack_locate _envpack_ask_kernel _envpack_look
  [ -z "$_envpack_allexport" ] || \set -a
  \unset _envpack_name _envpack_self _envpack_root _envpack_link _envpack_pid _envpack_fd _envpack_trouble _envpack_hint _envpack_allexport || :
  \return 1
fi
# Some readers of zips drop the right to execute: it is given back before anything is started.
if [ -f "$_envpack_root/bin/node" ] && [ ! -x "$_envpack_root/bin/node" ]; then
  (PATH=${PATH:+$PATH:}/usr/bin:/bin; \command sh "$_envpack_root/bin/envpack" relocate -q </dev/null) || :
fi
# Variables without the functions that go with them came from a shell above, by an `export` of everything.
if ! \command -v _envpack_deactivate >/dev/null 2>&1; then \unset _ENVPACK_DEPTH || :; fi
# A second time on top of itself: begin anew, so that one `deactivate` takes it back.
if \eval "[ \"\${_ENVPACK_${_ENVPACK_DEPTH:-0}_ROOT-}\" = \"\$_envpack_root\" ]"; then
  _envpack_deactivate
fi

# Sets _envpack_option to what NODE_OPTIONS needs to preload the hook. Node splits at spaces; double
# quotes keep a part together, and between them a backslash takes the next character as it is.
_envpack_quote() {
  [ -z "${ZSH_VERSION-}" ] || \emulate -L sh
  _envpack_option=--require=$_envpack_root/.envpack/hook.cjs
  case $_envpack_option in
  *' '* | *'"'*) ;;
  *) \return 0 ;;
  esac
  _envpack_rest=$_envpack_option
  _envpack_option='"'
  while [ -n "$_envpack_rest" ]; do
    _envpack_tail=${_envpack_rest#?}
    _envpack_char=${_envpack_rest%"$_envpack_tail"}
    case $_envpack_char in
    '"' | \\) _envpack_option=$_envpack_option\\$_envpack_char ;;
    *) _envpack_option=$_envpack_option$_envpack_char ;;
    esac
    _envpack_rest=$_envpack_tail
  done
  _envpack_option=$_envpack_option'"'
}

# _envpack_assign NAME VALUE: remembers what NAME was, and whether it was exported, and sets it.
_envpack_assign() {
  [ -z "${ZSH_VERSION-}" ] || \emulate -L sh
  \unset "_ENVPACK_${_ENVPACK_DEPTH}_OLD_$1" "_ENVPACK_${_ENVPACK_DEPTH}_NEW_$1" "_ENVPACK_${_ENVPACK_DEPTH}_EXPORT_$1" || :
  \eval "_envpack_was=\${$1+set}"
  if [ -n "$_envpack_was" ]; then \eval "_ENVPACK_${_ENVPACK_DEPTH}_OLD_$1=\$$1"; fi
  case "
$_envpack_exports
" in
  *"
export $1="* | *"
export $1
"* | *"
declare -x $1="* | *"
declare -x $1
"* | *"
typeset -x $1="*) \eval "_ENVPACK_${_ENVPACK_DEPTH}_EXPORT_$1=1" ;;
  esac
  \eval "$1=\$2 _ENVPACK_${_ENVPACK_DEPTH}_NEW_$1=\$2"
}

_envpack_activate() {
  [ -z "${ZSH_VERSION-}" ] || \emulate -L sh
  _ENVPACK_DEPTH=$((${_ENVPACK_DEPTH:-0} + 1))
  _envpack_exports=$(\export -p)
  \unset "_ENVPACK_${_ENVPACK_DEPTH}_ROOT" "_ENVPACK_${_ENVPACK_DEPTH}_OPTION" "_ENVPACK_${_ENVPACK_DEPTH}_PROMPT" \
    "_ENVPACK_${_ENVPACK_DEPTH}_DEACTIVATE" || :
  \eval "_ENVPACK_${_ENVPACK_DEPTH}_ROOT=\$_envpack_root"
  \eval "_ENVPACK_${_ENVPACK_DEPTH}_OPTION=\$_envpack_option"
  \eval "_ENVPACK_${_ENVPACK_DEPTH}_PROMPT=\"(\$_envpack_name) \""

  _envpack_assign PATH "$_envpack_root/bin${PATH:+:$PATH}"
  _envpack_assign NODE_OPTIONS "$_envpack_option${NODE_OPTIONS:+ $NODE_OPTIONS}"
  _envpack_assign ENVPACK_PREFIX "$_envpack_root"
  _envpack_assign ENVPACK_NAME "$_envpack_name"
  \export PATH NODE_OPTIONS ENVPACK_PREFIX ENVPACK_NAME
  if [ -n "${PS1+set}" ] && [ -z "${ENVPACK_DISABLE_PROMPT-}" ]; then
    _envpack_assign PS1 "($_envpack_name) $PS1"
  fi
  # Another tool's function of that name comes back when this environment goes; these shells can tell it.
  if [ -n "${BASH_VERSION-}${ZSH_VERSION-}" ]; then
    _envpack_was=$(\typeset -f deactivate) || :
    if [ -n "$_envpack_was" ]; then \eval "_ENVPACK_${_ENVPACK_DEPTH}_DEACTIVATE=\$_envpack_was"; fi
  fi
  deactivate() { _envpack_deactivate; }
}

# Takes back the topmost activation.
_envpack_deactivate() {
  [ -z "${ZSH_VERSION-}" ] || \emulate -L sh
  if [ "${_ENVPACK_DEPTH:-0}" -eq 0 ]; then \return 0; fi
  for _envpack_variable in PATH NODE_OPTIONS ENVPACK_PREFIX ENVPACK_NAME PS1; do
    _envpack_restore "$_envpack_variable"
  done
  # `deactivate` may have become another tool's meanwhile: then it stays.
  _envpack_was=_envpack_deactivate
  if [ -n "${BASH_VERSION-}${ZSH_VERSION-}" ]; then _envpack_was=$(\typeset -f deactivate) || :; fi
  \eval "_envpack_old=\${_ENVPACK_${_ENVPACK_DEPTH}_DEACTIVATE-}"
  case $_envpack_was in
  *_envpack_deactivate*)
    if [ -n "$_envpack_old" ]; then
      \eval "$_envpack_old"
    elif [ "$_ENVPACK_DEPTH" -eq 1 ]; then
      \unset -f deactivate
    fi
    ;;
  esac
  \unset "_ENVPACK_${_ENVPACK_DEPTH}_ROOT" "_ENVPACK_${_ENVPACK_DEPTH}_OPTION" \
    "_ENVPACK_${_ENVPACK_DEPTH}_PROMPT" "_ENVPACK_${_ENVPACK_DEPTH}_DEACTIVATE"
  _ENVPACK_DEPTH=$((_ENVPACK_DEPTH - 1))
  if [ "$_ENVPACK_DEPTH" -eq 0 ]; then
    \unset _ENVPACK_DEPTH
    \unset -f _envpack_deactivate _envpack_restore _envpack_cut
  fi
  \unset _envpack_variable _envpack_was _envpack_old _envpack_now
}

# _envpack_restore NAME: a variable that still has the value it got becomes what it was; from one
# that was changed since, only the part that came from here is cut out.
_envpack_restore() {
  \eval "_envpack_was=\${_ENVPACK_${_ENVPACK_DEPTH}_OLD_$1+set} _envpack_old=\${_ENVPACK_${_ENVPACK_DEPTH}_OLD_$1-}"
  \eval "_envpack_now=\${$1-}"
  if \eval "[ -z \"\${_ENVPACK_${_ENVPACK_DEPTH}_NEW_$1+set}\" ] || [ -z \"\${$1+set}\" ]"; then
    : # never set from here, or unset by the user since
  elif \eval "[ \"\$_envpack_now\" != \"\$_ENVPACK_${_ENVPACK_DEPTH}_NEW_$1\" ]"; then
    _envpack_cut "$1"
    if [ -z "$_envpack_now$_envpack_was" ]; then \unset "$1"; else \eval "$1=\$_envpack_now"; fi
  elif [ -z "$_envpack_was" ]; then
    \unset "$1"
  else
    # The other shells have no way to take an export back but to unset; in zsh that would cut the tie
    # between PATH and the array of that name.
    if [ "$1" != PS1 ] && \eval "[ -z \"\${_ENVPACK_${_ENVPACK_DEPTH}_EXPORT_$1-}\" ]"; then
      if [ -n "${BASH_VERSION-}" ]; then
        \export -n "$1"
      elif [ -n "${ZSH_VERSION-}" ]; then
        \typeset -g +x "$1"
      else
        \unset "$1"
      fi
    fi
    \eval "$1=\$_envpack_old"
  fi
  \unset "_ENVPACK_${_ENVPACK_DEPTH}_NEW_$1" "_ENVPACK_${_ENVPACK_DEPTH}_OLD_$1" "_ENVPACK_${_ENVPACK_DEPTH}_EXPORT_$1"
}

# _envpack_cut NAME: takes this environment's part out of _envpack_now, the value of NAME.
_envpack_cut() {
  case $1 in
  PATH)
    \eval "_envpack_part=\$_ENVPACK_${_ENVPACK_DEPTH}_ROOT/bin"
    _envpack_now=:$_envpack_now:
    case $_envpack_now in
    *":$_envpack_part:"*)
      _envpack_now=${_envpack_now%%":$_envpack_part:"*}:${_envpack_now#*":$_envpack_part:"}
      ;;
    esac
    _envpack_now=${_envpack_now#:}
    _envpack_now=${_envpack_now%:}
    ;;
  NODE_OPTIONS)
    \eval "_envpack_part=\$_ENVPACK_${_ENVPACK_DEPTH}_OPTION"
    _envpack_now=" $_envpack_now "
    case $_envpack_now in
    *" $_envpack_part "*)
      _envpack_now="${_envpack_now%%" $_envpack_part "*} ${_envpack_now#*" $_envpack_part "}"
      ;;
    esac
    _envpack_now=${_envpack_now# }
    _envpack_now=${_envpack_now% }
    ;;
  PS1) \eval "_envpack_now=\${_envpack_now#\"\$_ENVPACK_${_ENVPACK_DEPTH}_PROMPT\"}" ;;
  esac
  \unset _envpack_part || :
}

_envpack_quote
_envpack_activate
\unset -f _envpack_locate _envpack_ask_kernel _envpack_look _envpack_quote _envpack_assign _envpack_activate
[ -z "$_envpack_allexport" ] || \set -a
\unset _envpack_allexport _envpack_trouble _envpack_hint || :
\unset _envpack_name _envpack_self _envpack_root _envpack_link _envpack_pid _envpack_fd _envpack_option \
  _envpack_rest _envpack_tail _envpack_char _envpack_was _envpack_exports || :
