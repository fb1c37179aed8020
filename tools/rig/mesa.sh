#!/usr/bin/env bash
# ./dev rig mesa [CTEST OPTIONS]: the contract, process and stream suites with Mesa 25's Vulkan and EGL, which are
# unpacked below build/drivers and never installed, and with a stand-in for the kernel's /dev/udmabuf. Without CTEST
# OPTIONS the result is kept in docs/results/mesa25.md. GEYSER_WRITE_REFUSALS=1 rewrites the list of what is refused
# (with "-R ^pairs$").
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

./dev build dev
tools/unpack_drivers.sh
into=$PWD/build/drivers
[[ -e $into/mesa25-egl.json ]] || { echo "rig mesa: Debian 12's backports have this Mesa; this system has not" >&2; exit 1; }

export GEYSER_SWIFTSHADER=$into/swiftshader.json
export GEYSER_REFUSALS=$PWD/tests/contract/refusals/mesa-25.0.txt

mkdir -p build/rig
options=(--test-dir build/dev -L "contract|process|stream" --output-on-failure
  --output-junit "$PWD/build/rig/mesa.xml" --test-output-size-passed 4000000)
status=0
GEYSER_STAND_IN=$PWD/build/dev/tests/support/libudmabuf_stand_in.so \
  GEYSER_MESA25=$into/mesa25.json tools/with_mesa25.sh ctest "${options[@]}" "$@" || status=$?
if (( $# == 0 )); then
  mkdir -p docs/results
  python3 tools/rig/result.py build/rig/mesa.xml \
    --title "Mesa 25 beside the system: software, LINEAR, simulated kernel" \
    --command "./dev rig mesa" \
    --note "lavapipe and llvmpipe of Mesa 25.0 on one machine without a GPU. The kernel's /dev/udmabuf is a stand-in
(tests/support/udmabuf_stand_in.cpp): what is called a dma-buf here is a memfd, and what is called a sync file is an
eventfd. Formats, layouts, descriptors and waits are real; the kernel's own checks and fences are not." \
    --version "Mesa $(cat "$into/mesa25/version")" >docs/results/mesa25.md
  echo "docs/results/mesa25.md is written"
fi
exit "$status"
