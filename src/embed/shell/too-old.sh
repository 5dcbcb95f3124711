#!/bin/sh
# The runtime of this environment is too old for the tool itself.
echo "envpack: this environment's Node.js is too old for envpack (20.19 or later): use an installed envpack on this folder" >&2
exit 1
