# Where a folder is copied by `cp dir/*`, or sent without hidden files, what begins with a dot is lost.
for _ep_file in @FILES@; do
  if [ ! -e "$_ep_file" ]; then
    printf 'envpack: error[NOT_AN_ENVIRONMENT] this environment is not whole, it lacks %s\n' "$_ep_file" >&2
    echo 'hint: `cp dir/*` and uploads without hidden files lose what begins with a dot: copy the whole folder (`cp -a dir target`), or unpack the archive again' >&2
    exit 1
  fi
done
