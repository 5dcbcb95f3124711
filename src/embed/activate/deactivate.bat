@echo off
rem Takes back what bin\activate.bat did to this cmd.exe.
if not defined _ENVPACK_ACTIVE (
  echo envpack: no environment is activated in this shell 1>&2
  goto :eof
)
set "PATH=%_ENVPACK_OLD_PATH%"
set "NODE_OPTIONS=%_ENVPACK_OLD_NODE_OPTIONS%"
set "ENVPACK_PREFIX=%_ENVPACK_OLD_PREFIX%"
set "ENVPACK_NAME=%_ENVPACK_OLD_NAME%"
set "npm_config_prefix=%_ENVPACK_OLD_NPM_PREFIX%"
set "PROMPT=%_ENVPACK_OLD_PROMPT%"
set "_ENVPACK_ACTIVE="
set "_ENVPACK_OLD_PATH="
set "_ENVPACK_OLD_NODE_OPTIONS="
set "_ENVPACK_OLD_PREFIX="
set "_ENVPACK_OLD_NAME="
set "_ENVPACK_OLD_NPM_PREFIX="
set "_ENVPACK_OLD_PROMPT="
