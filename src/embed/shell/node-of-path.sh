# This environment was packed without a runtime.
if ! command -v node >/dev/null; then
  echo "envpack: no node on PATH, and this environment was packed without one" >&2
  exit 127
fi
