@echo off
rem Activates this environment in cmd.exe: call bin\activate.bat; call bin\deactivate.bat undoes it.
rem Another environment takes the place of an active one. cmd.exe cannot tell unset from empty.
if defined _ENVPACK_ACTIVE call "%~dp0deactivate.bat"
set "_ENVPACK_ACTIVE=1"
set "_ENVPACK_OLD_PATH=%PATH%"
set "_ENVPACK_OLD_NODE_OPTIONS=%NODE_OPTIONS%"
set "_ENVPACK_OLD_PREFIX=%ENVPACK_PREFIX%"
set "_ENVPACK_OLD_NAME=%ENVPACK_NAME%"
set "_ENVPACK_OLD_NPM_PREFIX=%npm_config_prefix%"
set "_ENVPACK_OLD_PROMPT=%PROMPT%"
for %%I in ("%~dp0..") do set "ENVPACK_PREFIX=%%~fI"
set "ENVPACK_NAME=@NAME@"
set "PATH=%ENVPACK_PREFIX%\bin;%PATH%"
set "npm_config_prefix=%ENVPACK_PREFIX%"
rem Between double quotes Node takes the character after a backslash as it is: hence slashes.
set NODE_OPTIONS="--require=%ENVPACK_PREFIX:\=/%/.envpack/hook.cjs" %NODE_OPTIONS%
if not defined ENVPACK_DISABLE_PROMPT set "PROMPT=(%ENVPACK_NAME%) %PROMPT%"
