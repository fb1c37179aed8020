# Runs Geyser's whole Windows suite on this machine and writes the results as a page: windows-proof.md beside this script.
#   powershell -ExecutionPolicy Bypass -File windows-proof.ps1 [-TimeLimit SECONDS]
# To be run where the package of tools/windows/proof_package.sh was unpacked: docs/results/windows.md.
param([int]$TimeLimit = 900)
$ErrorActionPreference = "Stop"
Set-Location $PSScriptRoot
New-Item -ItemType Directory -Force logs | Out-Null
$env:GEYSER_REAL_DRIVER = "1"
# Nobody has reviewed a list of what this machine refuses: one is written, for the page.
$env:GEYSER_REFUSALS = Join-Path $PSScriptRoot "logs\refusals.txt"
$env:GEYSER_WRITE_REFUSALS = "1"
$env:GEYSER_CHURN = "300"
$env:GEYSER_SOAK_FRAMES = "20000"

# Runs a program with its words; its output goes to logs. Gives its exit status, -1 when it did not end.
function Invoke-Logged([string]$Name, [string]$Program, [string]$Words) {
    $log = Join-Path "logs" "$Name.log"
    $options = @{
        FilePath = Join-Path $PSScriptRoot $Program; NoNewWindow = $true; PassThru = $true
        RedirectStandardOutput = $log; RedirectStandardError = "$log.err"
    }
    if ($Words) { $options.ArgumentList = $Words }
    $process = Start-Process @options
    $null = $process.Handle  # without it there is no exit status
    if (-not $process.WaitForExit($TimeLimit * 1000)) { $process.Kill(); return -1 }
    $process.WaitForExit()
    return $process.ExitCode
}

function Read-Log([string]$Name) {
    return @(Get-Content (Join-Path "logs" "$Name.log"), (Join-Path "logs" "$Name.log.err") -ErrorAction SilentlyContinue)
}

function Measure-Count([string[]]$Lines, [string]$Word) {
    $sum = 0
    foreach ($line in $Lines) {
        if ($line -match "^\[  $Word\s*\] (\d+) test") { $sum += [int]$Matches[1] }
    }
    return $sum
}

$rows = @()
$missing = @()
$bad = @()
foreach ($line in Get-Content "tests.txt") {
    $name, $program, $words = $line -split "\|"
    Write-Host "$name ..."
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $status = Invoke-Logged $name $program $words
    $lines = Read-Log $name
    $result = if ($status -eq 0) { "passed" } elseif ($status -eq -1) { "**no end**" } else { "**failed: $status**" }
    $passed = Measure-Count $lines "PASSED"
    $skipped = Measure-Count $lines "SKIPPED"
    $rows += "| $name | $result | $passed | $skipped | {0:f1} |" -f $clock.Elapsed.TotalSeconds
    foreach ($found in $lines) {
        if ($found -match "^NOT (RUN|COMPARED):") { $missing += "* ``$name``: $found" }
        if ($found -match "^\[  FAILED  \] \S+\.") { $bad += "* ``$name``: $found" }
    }
}

$system = Get-CimInstance Win32_OperatingSystem
$page = @("# Windows on a machine of its own", "",
    "``windows-proof.ps1``, $(Get-Date -Format yyyy-MM-dd), commit $(Get-Content commit.txt).", "",
    "* $($system.Caption) $($system.Version)")
foreach ($card in Get-CimInstance Win32_VideoController) { $page += "* $($card.Name), driver $($card.DriverVersion)" }
$page += @("", "## Programs", "", "| program | result | cases passed | skipped | seconds |", "|---|---|---|---|---|")
$page += $rows
$page += @("", "## Cases that failed", "")
$page += if ($bad) { $bad | Select-Object -Unique } else { "None." }
$page += @("", "## Not run, and why", "")
$page += if ($missing) { $missing | Select-Object -Unique } else { "Nothing." }
$page += @("", "## What was refused, to be reviewed", "", '```')
$page += @(Get-Content (Join-Path "logs" "refusals.txt") -ErrorAction SilentlyContinue)
$page += @('```', "", "## geyser doctor -v", "", '```')
$null = Invoke-Logged "doctor" "geyser.exe" "doctor -v"
$page += Read-Log "doctor"
$page += '```'
Set-Content -Encoding UTF8 windows-proof.md $page
Write-Host "windows-proof.md is written; what each program said is in logs"
