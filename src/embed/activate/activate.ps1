# Activates this environment in PowerShell: `. bin/activate.ps1`. `deactivate` undoes it: what was
# unset is unset again. Another environment takes the place of an active one.

if (Test-Path variable:global:EnvpackSaved) { deactivate }

$global:EnvpackSaved = @{}
foreach ($name in 'PATH', 'NODE_OPTIONS', 'ENVPACK_PREFIX', 'ENVPACK_NAME', 'npm_config_prefix', 'NPM_CONFIG_PREFIX') {
    $global:EnvpackSaved[$name] = [Environment]::GetEnvironmentVariable($name)
}

function global:deactivate {
    if (-not (Test-Path variable:global:EnvpackSaved)) { return }
    foreach ($name in $global:EnvpackSaved.Keys) {
        [Environment]::SetEnvironmentVariable($name, $global:EnvpackSaved[$name])
    }
    if (Test-Path function:global:EnvpackPrompt) {
        Copy-Item -Path function:global:EnvpackPrompt -Destination function:global:prompt
        Remove-Item -Path function:global:EnvpackPrompt
    }
    Remove-Variable -Name EnvpackSaved -Scope global
    Remove-Item -Path function:global:deactivate
}

$envpackRoot = Split-Path -Parent $PSScriptRoot
$env:ENVPACK_PREFIX = $envpackRoot
$env:ENVPACK_NAME = '@NAME@'
$env:PATH = (Join-Path $envpackRoot 'bin') + [IO.Path]::PathSeparator + $env:PATH
# npm takes either spelling and the last one it meets wins, so both say the same.
[Environment]::SetEnvironmentVariable('npm_config_prefix', $envpackRoot)
[Environment]::SetEnvironmentVariable('NPM_CONFIG_PREFIX', $envpackRoot)
# Node splits NODE_OPTIONS at spaces; double quotes keep a part together, and between them a backslash
# takes the next character as it is.
$envpackOption = '--require=' + (Join-Path (Join-Path $envpackRoot '.envpack') 'hook.cjs')
if ($envpackOption -match '[ "]') { $envpackOption = '"' + ($envpackOption -replace '["\\]', '\$&') + '"' }
$env:NODE_OPTIONS = ($envpackOption + ' ' + $env:NODE_OPTIONS).TrimEnd(' ')
if (-not $env:ENVPACK_DISABLE_PROMPT) {
    Copy-Item -Path function:prompt -Destination function:global:EnvpackPrompt
    function global:prompt { "($env:ENVPACK_NAME) " + (EnvpackPrompt) }
}
Remove-Variable -Name envpackRoot, envpackOption, name
