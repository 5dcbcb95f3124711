# Activates this environment in csh and tcsh: `source bin/activate.csh`. `deactivate` undoes it: what
# was unset is unset again. Another environment takes the place of an active one: csh has no functions
# that could keep them apart. It expands the whole line of a short `if`, so each `if` is a long one.

if ( $?_ENVPACK_ACTIVE ) then
  deactivate
endif

# csh does not tell which file it reads. On Linux the kernel does, while the file is open; typed at a
# prompt the command line may; else ENVPACK_ROOT does, or the folder that the shell is in.
set _envpack_words = ( $_ )
set _envpack_root = "$cwd:q"
if ( $?ENVPACK_ROOT ) then
  set _envpack_root = "$ENVPACK_ROOT:q"
endif
if ( $#_envpack_words == 2 ) then
  if ( -f "$_envpack_words[2]:q" && "$_envpack_words[2]:t" == activate.csh ) then
    set _envpack_root = "$_envpack_words[2]:h:q/.."
    if ( "$_envpack_root:q" !~ /* ) then
      set _envpack_root = "$cwd:q/$_envpack_root:q"
    endif
  endif
endif
if ( -d /proc/$$/fd ) then
  set _envpack_words = "`\ls -l /proc/$$/fd | \sed -n 's,^[^/]* -> \(/.*\)/bin/activate[.]csh,\1,p' | \tail -n 1`"
  if ( "$_envpack_words:q" != "" ) then
    set _envpack_root = "$_envpack_words:q"
  endif
endif
unset _envpack_words

# $0 is the file that is executed; of one that is sourced, the shell's own.
if ( "$0:t" == activate.csh && "$0:h:t" == bin && -f "$0:q" ) then
  \sh -c 'echo "envpack: bin/activate.csh changes the shell that reads it: source it (source $1) instead of executing it" >&2' sh "$0:q"
  exit 1
endif
set _envpack_trouble
if ( -f "$_envpack_root:q/bin/activate.csh" && ! -f "$_envpack_root:q/.envpack/hook.cjs" ) then
  set _envpack_trouble = lost
  \sh -c 'echo "envpack: error[NOT_AN_ENVIRONMENT] this environment is not whole, it lacks $1/.envpack" >&2' sh "$_envpack_root:q"
  \sh -c 'echo "hint: \`cp dir/*\` and uploads without hidden files lose what begins with a dot: copy the whole folder (\`cp -a dir target\`), or unpack the archive again" >&2'
endif
if ( "$_envpack_root:q" =~ *:* ) then
  set _envpack_trouble = colon
  \sh -c 'echo "envpack: error[TARGET_UNSUITABLE] the environment cannot be activated here: PATH cannot hold a folder with \":\" in its path: $1" >&2' sh "$_envpack_root:q"
  \sh -c 'echo "hint: move it to a folder without \":\" in its path" >&2'
endif
# Node splits NODE_OPTIONS at spaces; double quotes keep a part together, and between them a
# backslash takes the next character as it is. The range " -#" holds the double quote, which cannot
# be written inside backquotes here; what else is in it bears a backslash too.
set _envpack_option = "--require=$_envpack_root:q/.envpack/hook.cjs"
if ( "$_envpack_option:q" =~ *[\ \"]* ) then
  setenv _ENVPACK_TEXT "$_envpack_root:q"
  set _envpack_option = "`\printenv _ENVPACK_TEXT | \env LC_ALL=C sed 's,[ -#\\],\\&,g'`"
  set _envpack_option = '"'"--require=$_envpack_option:q/.envpack/hook.cjs"'"'
  unsetenv _ENVPACK_TEXT
endif
# No condition with a pattern in quotes stands below: csh would count its blocks wrongly where it skips this one.
if ( "$_envpack_trouble" == "" && -f "$_envpack_root:q/.envpack/hook.cjs" ) then
  set _ENVPACK_ACTIVE
  if ( $?PATH ) then
    set _ENVPACK_OLD_PATH = "$PATH:q"
  endif
  if ( $?NODE_OPTIONS ) then
    set _ENVPACK_OLD_NODE_OPTIONS = "$NODE_OPTIONS:q"
  endif
  if ( $?ENVPACK_PREFIX ) then
    set _ENVPACK_OLD_ENVPACK_PREFIX = "$ENVPACK_PREFIX:q"
  endif
  if ( $?ENVPACK_NAME ) then
    set _ENVPACK_OLD_ENVPACK_NAME = "$ENVPACK_NAME:q"
  endif

  setenv ENVPACK_PREFIX "$_envpack_root:q"
  setenv ENVPACK_NAME '@NAME@'
  if ( $?PATH ) then
    setenv PATH "$_envpack_root:q/bin:$PATH:q"
  else
    setenv PATH "$_envpack_root:q/bin"
  endif
  if ( $?NODE_OPTIONS ) then
    setenv NODE_OPTIONS "$_envpack_option:q $NODE_OPTIONS:q"
  else
    setenv NODE_OPTIONS "$_envpack_option:q"
  endif
  if ( $?prompt ) then
    set _ENVPACK_OLD_PROMPT = "$prompt:q"
    if ( ! $?ENVPACK_DISABLE_PROMPT ) then
      set prompt = "($ENVPACK_NAME) $prompt:q"
    endif
  endif

  alias deactivate '\
    test $?_ENVPACK_OLD_PATH != 0 && setenv PATH "$_ENVPACK_OLD_PATH:q" || unsetenv PATH; unset _ENVPACK_OLD_PATH; \
    test $?_ENVPACK_OLD_NODE_OPTIONS != 0 && setenv NODE_OPTIONS "$_ENVPACK_OLD_NODE_OPTIONS:q" || unsetenv NODE_OPTIONS; unset _ENVPACK_OLD_NODE_OPTIONS; \
    test $?_ENVPACK_OLD_ENVPACK_PREFIX != 0 && setenv ENVPACK_PREFIX "$_ENVPACK_OLD_ENVPACK_PREFIX:q" || unsetenv ENVPACK_PREFIX; unset _ENVPACK_OLD_ENVPACK_PREFIX; \
    test $?_ENVPACK_OLD_ENVPACK_NAME != 0 && setenv ENVPACK_NAME "$_ENVPACK_OLD_ENVPACK_NAME:q" || unsetenv ENVPACK_NAME; unset _ENVPACK_OLD_ENVPACK_NAME; \
    test $?_ENVPACK_OLD_PROMPT != 0 && set prompt = "$_ENVPACK_OLD_PROMPT:q"; \
    unset _ENVPACK_OLD_PROMPT _ENVPACK_ACTIVE; unalias deactivate'
else if ( "$_envpack_trouble" == "" ) then
  \sh -c 'echo "envpack: csh does not tell where bin/activate.csh lies: setenv ENVPACK_ROOT to the folder of the environment, or change to that folder, and try again" >&2'
endif
unset _envpack_root _envpack_trouble _envpack_option
