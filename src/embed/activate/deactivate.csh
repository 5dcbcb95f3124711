# Takes back what `source bin/activate.csh` did to this shell; the same as its command `deactivate`.
if ( $?_ENVPACK_ACTIVE ) then
  deactivate
else
  sh -c 'echo "envpack: no environment is activated in this shell" >&2'
endif
