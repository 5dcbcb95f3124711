# Where this machine is another than the environment was made for, and its node does not start here, one
# sentence says why; what cannot be told passes. On any other machine this costs two short programs.
machine=$(PATH=${PATH:+$PATH:}/usr/bin:/bin; uname -s -m 2>/dev/null) || machine=
glibc=$(PATH=${PATH:+$PATH:}/usr/bin:/bin; getconf GNU_LIBC_VERSION 2>/dev/null) || glibc=
glibc=${glibc#glibc }
wanted=@GLIBC@
lacks=
case $machine in
'' | @MACHINE@) ;;
*) lacks="is $machine" ;;
esac
if [ -z "$lacks" ] && [ -n "$wanted" ]; then
  case $glibc in
  2.[0-9]*)
    have=${glibc#2.}
    least=${wanted#2.}
    if [ "${have%%[!0-9]*}" -lt "${least%%[!0-9]*}" ]; then lacks="has glibc $glibc"; fi
    ;;
  *) lacks="has another C library than glibc" ;;
  esac
fi
if [ -n "$lacks" ] && ! ${loader:+"$loader"} "$bin/node" --version >/dev/null 2>&1; then
  echo "envpack: error[PLATFORM_MISMATCH] this environment needs @NEEDS@; this machine $lacks" >&2
  echo "hint: pack it on a machine like this one" >&2
  exit 1
fi
