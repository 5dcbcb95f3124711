# Takes back what `source bin/activate` did to this shell; the same as its command `deactivate`.
if \command -v _envpack_deactivate >/dev/null 2>&1; then
  _envpack_deactivate
else
  \command echo "envpack: no environment is activated in this shell" >&2
fi
