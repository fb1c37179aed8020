#!/usr/bin/env bash
# ./dev outside dawn: Dawn's own tests of SharedTextureMemory and SharedFence (Debian package dawn-tools) in the root of
# ./dev rig forky, on each of its software drivers. No Geyser takes part: what fails or is skipped here is Dawn's or the
# driver's. Writes docs/results/dawn.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
into=$PWD/build/outside/dawn
mkdir -p "$into"
rig() { tools/rig/forky.sh --run "$@"; }

rig g++ -O1 -shared -fPIC -o /build/stand_in.so /src/tests/support/udmabuf_stand_in.cpp

# run NAME VARIABLE=VALUE...: NAME.log. A case that ends the whole program is noted, and the others of its configuration
# are left out of the next try.
run() {
  local log=$into/$1.log filter='*SharedTextureMemory*:*SharedFence*' try
  shift
  : >"$log"
  for try in 1 2 3 4 5 6 7 8; do
    if rig env "$@" dawn_end2end_tests "--gtest_filter=$filter" >"$into/try.log" 2>&1 ||
      grep -q '^\[==========\].* ran' "$into/try.log"; then
      cat "$into/try.log" >>"$log"
      return
    fi
    cat "$into/try.log" >>"$log"
    local stopped
    stopped=$(grep '^\[ RUN ' "$into/try.log" | tail -n 1 | sed 's/.*Backend_\(.*\)_LayerCount.*/\1/')
    [[ -n $stopped ]] || break
    echo "GEYSER: stopped" >>"$log"
    if [[ $filter == *-* ]]; then filter+=":*Backend_${stopped}_*"; else filter+="-*Backend_${stopped}_*"; fi
  done
  tail -n 20 "$into/try.log" >&2
  echo "outside dawn: the tests do not end after $try tries" >&2
  exit 1
}
lavapipe=VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json
run swiftshader VK_DRIVER_FILES=/opt/swiftshader/swiftshader.json
run lavapipe "$lavapipe"
run lavapipe-dma-buf "$lavapipe" LD_PRELOAD=/build/stand_in.so

# shellcheck disable=SC2016  # dpkg-query expands it
versions=$(rig dpkg-query -W -f '${Package} ${Version}\n' dawn-tools mesa-vulkan-drivers |
  sed 's/^mesa-vulkan-drivers /Mesa /')
swiftshader="SwiftShader of chromium-common $(rig cat /opt/swiftshader/version)"
python3 tools/outside/dawn_result.py "${versions//$'\n'/; }; $swiftshader" \
  "SwiftShader=$into/swiftshader.log" "lavapipe=$into/lavapipe.log" \
  "lavapipe with the stand-in for /dev/udmabuf=$into/lavapipe-dma-buf.log" >docs/results/dawn.md
echo "docs/results/dawn.md is written"
