# Finds the folder that holds this file, through any chain of links: $bin; what is above it: $root.
# It works without PATH and with any character in the paths: a command substitution would drop a
# newline at a path's end, hence the dot that is printed after it and cut off again.
self=$0
case $self in
/*) ;;
*[/]*) self=./$self ;;
*) if [ -f "./$self" ]; then self=./$self; else self=$(command -v "$self"); fi ;;
esac
while [ -h "$self" ]; do
  link=$(PATH=${PATH:+$PATH:}/usr/bin:/bin; readlink "$self" && echo .) || exit 127
  link=${link%??}
  case $link in
  /*) self=$link ;;
  *) self=${self%/*}/$link ;;
  esac
done
bin=$(CDPATH= cd -P "${self%/*}/" && pwd -P && echo .) || exit 127
bin=${bin%??}
root=${bin%/*}
# What is started from here (npm's scripts, "#!/usr/bin/env node") finds this environment's node first.
case ${PATH-} in
"$bin" | "$bin":*) ;;
*) PATH=$bin${PATH:+:$PATH} ;;
esac
export PATH
