# Takes back what `source bin/activate.fish` did to this shell; the same as its command `deactivate`.
if set -qg __envpack_depth
    deactivate
else
    echo "envpack: no environment is activated in this shell" >&2
end
