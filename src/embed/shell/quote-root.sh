# Node splits NODE_OPTIONS at spaces but between double quotes, where a backslash takes the next
# character as it is: $_ep_quoted is $_ep_root as it may stand there.
_ep_quoted=
_ep_rest=$_ep_root
while :; do
  case $_ep_rest in
  *[\"\\]*) ;;
  *) break ;;
  esac
  _ep_head=${_ep_rest%%[\"\\]*}
  _ep_rest=${_ep_rest#"$_ep_head"}
  _ep_tail=${_ep_rest#?}
  _ep_quoted=$_ep_quoted$_ep_head\\${_ep_rest%"$_ep_tail"}
  _ep_rest=$_ep_tail
done
_ep_quoted=$_ep_quoted$_ep_rest
