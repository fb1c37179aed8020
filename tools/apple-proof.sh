#!/usr/bin/env bash
# On a real Mac: builds Geyser, runs the smoke program (surfaces, Mach channel, queues of events, pixel buffers, XPC
# objects, Syphon's servers, and with MoltenVK a surface, a texture with layers and events between it and Metal) and the
# contract suite between host memory, Metal, Vulkan on MoltenVK and OpenGL, every format and shape, and writes what came
# of it to docs/results/apple-proof.md, so that rows of docs/results/apple.md become "real driver".
#
# Needs Xcode's command line tools and, from Homebrew or the like: cmake, ninja, tl-expected, flatbuffers, googletest. The
# end "moltenvk" is built where Vulkan's headers are (vulkan-headers), and then needs its loader and driver (vulkan-loader,
# molten-vk); "opengl" where Khronos's GL/glcorearb.h is.
#
# usage: tools/apple-proof.sh [CTEST OPTIONS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ $(uname -s) == Darwin ]] || { echo "apple-proof.sh: this is no Mac; ./dev apple shows what can be shown elsewhere" >&2; exit 1; }
for tool in cmake ninja flatc xcrun; do
  command -v "$tool" >/dev/null || { echo "apple-proof.sh: no [$tool]" >&2; exit 1; }
done

# A loader that Homebrew has installed is where dlopen() looks for no library.
if command -v brew >/dev/null; then
  DYLD_FALLBACK_LIBRARY_PATH=$(brew --prefix)/lib:${DYLD_FALLBACK_LIBRARY_PATH:-$HOME/lib:/usr/local/lib:/usr/lib}
  export DYLD_FALLBACK_LIBRARY_PATH
fi

build=build/apple-proof
page=docs/results/apple-proof.md
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DGEYSER_BUILD_TESTS=ON -DGEYSER_BUILD_EXAMPLES=OFF \
  -DGEYSER_BUILD_TOOL=OFF
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
  # A line for each pair and what it was asked; of a failure the first words, the rest is in the build directory.
  echo '```'
  sed -nE 's/^[0-9]+: (\[ +(OK|FAILED|SKIPPED) +\] [^ ,]+).* \([0-9]+ ms\)$/\1/p; s/^[0-9]+: (NOT (RUN|COMPARED): .*)/\1/p' \
    "$build/suite.txt"
  grep -A 4 -E ': Failure$' "$build/suite.txt" | head -n 60 || true
  tail -n 5 "$build/suite.txt"
  echo '```'
} >"$page"
echo "apple-proof.sh: written to $page"
exit $((smoke || suite))
