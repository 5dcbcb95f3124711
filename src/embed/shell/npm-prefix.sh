# In the activated environment, `npm install --global` goes there, whatever the user's .npmrc says. It is told
# to npm alone: nvm refuses to work where these variables are set. npm takes either spelling.
if [ "${ENVPACK_PREFIX:-/}" -ef "$_ep_root" ]; then
  npm_config_prefix=$_ep_root
  NPM_CONFIG_PREFIX=$_ep_root
  export npm_config_prefix NPM_CONFIG_PREFIX
fi
