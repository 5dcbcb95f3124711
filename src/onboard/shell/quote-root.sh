# Node splits NODE_OPTIONS at spaces but between double quotes, where a backslash takes the next
# character as it is: $quoted is $root as it may stand there.
quoted=
rest=$root
while :; do
  case $rest in
  *[\"\\]*) ;;
  *) break ;;
  esac
  head=${rest%%[\"\\]*}
  rest=${rest#"$head"}
  tail=${rest#?}
  quoted=$quoted$head\\${rest%"$tail"}
  rest=$tail
done
quoted=$quoted$rest
