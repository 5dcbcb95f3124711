# Mapper: reads lines "ALIAS HOW" and runs that environment's node so.
while read -r alias how; do
  case $how in
  run) "$alias/bin/envpack" run hold.mjs none ;;
  bounded) "$alias/bin/node" --disable-wasm-trap-handler hold.mjs bounded ;;
  guarded) "$alias/bin/node" hold.mjs bounded ;;
  unbounded) "$alias/bin/node" --disable-wasm-trap-handler hold.mjs unbounded ;;
  doctor) "$alias/bin/envpack" doctor 2>&1 | grep YARN ;;
  esac </dev/null
done
