# Takes back what `. bin/activate.ps1` did to this shell; the same as its command `deactivate`.
if (Test-Path function:global:deactivate) { deactivate }
else { Write-Warning 'envpack: no environment is activated in this shell' }
