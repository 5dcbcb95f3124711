# Where this machine is another than the environment was made for, and its node does not start here, one
# sentence says why; what cannot be told passes. On any other machine this costs two short programs.
_ep_machine=$(PATH=${PATH:+$PATH:}/usr/bin:/bin; uname -s -m 2>/dev/null) || _ep_machine=
_ep_glibc=$(PATH=${PATH:+$PATH:}/usr/bin:/bin; getconf GNU_LIBC_VERSION 2>/dev/null) || _ep_glibc=
_ep_glibc=${_ep_glibc#glibc }
_ep_wanted=@GLIBC@
_ep_lacks=
case $_ep_machine in
'' | @MACHINE@) ;;
*) _ep_lacks="is $_ep_machine" ;;
esac
if [ -z "$_ep_lacks" ] && [ -n "$_ep_wanted" ]; then
  case $_ep_glibc in
  2.[0-9]*)
    _ep_have=${_ep_glibc#2.}
    _ep_least=${_ep_wanted#2.}
    if [ "${_ep_have%%[!0-9]*}" -lt "${_ep_least%%[!0-9]*}" ]; then _ep_lacks="has glibc $_ep_glibc"; fi
    ;;
  *) _ep_lacks="has another C library than glibc" ;;
  esac
fi
if [ -n "$_ep_lacks" ] && ! ${_ep_loader:+"$_ep_loader"} "$_ep_bin/node" --version >/dev/null 2>&1; then
  echo "envpack: error[PLATFORM_MISMATCH] this environment needs @NEEDS@; this machine $_ep_lacks" >&2
  echo "hint: pack it on a machine like this one" >&2
  exit 1
fi
