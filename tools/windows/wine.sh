#!/usr/bin/env bash
# Runs a Windows program under Wine, in a prefix below the build tree: CMake's emulator for the preset windows.
#   --prepare: makes the prefix. --stop: ends its server, so that the next program takes the display that is set then.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export WINEPREFIX=${GEYSER_WINEPREFIX:-$root/build/wine}
# Without Wine's debugger: where there is a display it shows what crashed in a dialog, and the program stays until somebody
# answers. So it ends at once, with a line and a status of its own.
export WINEDEBUG=${WINEDEBUG:--all}
export WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe,winedbg.exe=;vulkan-1=n,b'
export VK_LOADER_DRIVERS_SELECT=${VK_LOADER_DRIVERS_SELECT:-*lvp*}
unset TMPDIR  # Debian's Wine 10 frees the environment's own string
# Wine needs a page at an address of its choice. Where chance has put the heap there, a program ends with status 1 and
# without a word, once in several hundred starts.
fixed=()
if setarch -R true 2>/dev/null; then fixed=(setarch -R); fi
case ${1:-} in
  --prepare)
    mkdir -p "$WINEPREFIX"
    # The registry is written when the server ends: until then the prefix is not whole.
    [[ -e $WINEPREFIX/system.reg ]] || { "${fixed[@]}" wine wineboot --init && wineserver -w; } >/dev/null 2>&1 ;;
  --stop) wineserver -k || true ;;
  *) exec "${fixed[@]}" wine "$@" ;;
esac
