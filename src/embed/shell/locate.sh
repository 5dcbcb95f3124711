# Finds the folder that holds this file, through any chain of links: $_ep_bin; what is above it: $_ep_root. All
# variables have names that a user's own will not have: those that are exported go on to the command.
# It works without PATH and with any character in the paths: a command substitution would drop a
# newline at a path's end, hence the dot that is printed after it and cut off again.
_ep_self=$0
case $_ep_self in
/*) ;;
*[/]*) _ep_self=./$_ep_self ;;
*) if [ -f "./$_ep_self" ]; then _ep_self=./$_ep_self; else _ep_self=$(command -v "$_ep_self"); fi ;;
esac
while [ -h "$_ep_self" ]; do
  _ep_link=$(PATH=${PATH:+$PATH:}/usr/bin:/bin; readlink "$_ep_self" && echo .) || exit 127
  _ep_link=${_ep_link%??}
  case $_ep_link in
  /*) _ep_self=$_ep_link ;;
  *) _ep_self=${_ep_self%/*}/$_ep_link ;;
  esac
done
_ep_bin=$(CDPATH= cd -P "${_ep_self%/*}/" && pwd -P && echo .) || exit 127
_ep_bin=${_ep_bin%??}
_ep_root=${_ep_bin%/*}
# What is started from here (npm's scripts, "#!/usr/bin/env node") finds this environment's node first. Without
# PATH the system's programs would still be found: not so beside a set one. PATH cannot hold a colon.
case $_ep_bin in
*:*) ;;
*)
  case ${PATH-/usr/local/bin:/usr/bin:/bin} in
  "$_ep_bin" | "$_ep_bin":*) ;;
  '') PATH=$_ep_bin ;;
  *) PATH=$_ep_bin:${PATH-/usr/local/bin:/usr/bin:/bin} ;;
  esac
  ;;
esac
export PATH
