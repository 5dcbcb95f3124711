# Some readers of zips drop the right to execute. Who owns node gets it back; for all others the
# system's loader starts it, but not what a program starts by process.execPath.
_ep_loader=
if [ ! -x "$_ep_bin/node" ]; then
  (PATH=${PATH:+$PATH:}/usr/bin:/bin; chmod u+x "$_ep_bin/node") 2>/dev/null || :
fi
if [ ! -x "$_ep_bin/node" ]; then
  for _ep_loader in /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.* /lib/ld-musl-*.so.*; do
    if [ -x "$_ep_loader" ]; then break; fi
  done
fi
