#!/usr/bin/env bash
# On a real Mac: builds Geyser, runs the smoke program (surfaces, Mach channel, queues of events, pixel buffers, XPC objects,
# Syphon's servers, and with Vulkan's headers and MoltenVK a surface and events between it and Metal) and the contract suite
# between host memory, Metal and, with Khronos's header of it (GL/glcorearb.h), OpenGL, every format and shape, and writes
# what came of it to docs/results/apple-proof.md, so that rows of docs/results/apple.md become "real driver". Needs Xcode's command line tools and, from Homebrew or the like: cmake, ninja, tl-expected,
# flatbuffers, googletest.
#
# usage: tools/apple-proof.sh [CTEST OPTIONS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ $(uname -s) == Darwin ]] || { echo "apple-proof.sh: this is no Mac; ./dev apple shows what can be shown elsewhere" >&2; exit 1; }
for tool in cmake ninja flatc xcrun; do
  command -v "$tool" >/dev/null || { echo "apple-proof.sh: no [$tool]" >&2; exit 1; }
done

build=build/apple-proof
page=docs/results/apple-proof.md
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DGEYSER_BUILD_TESTS=OFF -DGEYSER_BUILD_EXAMPLES=OFF \
  -DGEYSER_BUILD_TOOL=OFF -DGEYSER_WERROR=ON
cmake --build "$build"

smoke=0
"$build/tests/apple/geyser-apple-smoke" >"$build/smoke.txt" 2>&1 || smoke=$?
suite=0
ctest --test-dir "$build" --verbose --no-tests=error -L apple "$@" >"$build/suite.txt" 2>&1 || suite=$?

{
  echo "# Geyser on a Mac"
  echo
  echo "\`tools/apple-proof.sh\`, $(date -u +%F), commit $(git rev-parse --short HEAD)."
  echo
  echo "$(sw_vers -productName) $(sw_vers -productVersion) on $(sysctl -n machdep.cpu.brand_string); $(xcrun clang --version | head -1)."
  echo
  echo "Smoke program: $( ((smoke == 0)) && echo passed || echo "failed with status $smoke")."
  echo
  echo '```'
  cat "$build/smoke.txt"
  echo '```'
  echo
  echo "Suite: $( ((suite == 0)) && echo passed || echo "failed with status $suite")."
  echo
  echo '```'
  tail -n 40 "$build/suite.txt"
  echo '```'
} >"$page"
echo "apple-proof.sh: written to $page"
exit $((smoke || suite))
