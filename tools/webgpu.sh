#!/usr/bin/env bash
# The WebGPU backend as it is on Windows and macOS, compiled and linked for them against Dawn's header (compiled only:
# no Dawn of theirs is here; what it is told there tests/webgpu shows on doubles). Needs ./dev rig forky, which has the
# header; `apple` also needs ./dev apple once, for its compiler.
# Usage: tools/webgpu.sh [windows] [apple]; both when none is named.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
die() { echo "webgpu.sh: $*" >&2; exit 1; }
headers=$PWD/build/rigs/forky/usr/include
[[ -e $headers/dawn/webgpu.h ]] || die "no Dawn in build/rigs/forky; ./dev rig forky makes it"

# compile PRESET TREE [OPTIONS]: the library, and a program that links it.
compile() {
  local preset=$1 tree=$2
  shift 2
  [[ -e $tree/build.ninja ]] || cmake --preset "$preset" -B "$tree" -Wno-dev -DGEYSER_WERROR=ON -DGEYSER_WITH_WEBGPU=ON \
    -DGEYSER_DAWN_INCLUDE_DIR="$headers" -DGEYSER_BUILD_TESTS=OFF -DGEYSER_BUILD_TOOL=OFF -DGEYSER_BUILD_EXAMPLES=OFF \
    "$@" >/dev/null
  cmake --build "$tree" --target geyser-webgpu-link
}

windows() {
  compile windows build/webgpu-windows
  # Once more with Clang, which warns of other things.
  python3 tools/windows/clang_check.py build/webgpu-windows
  local program=build/webgpu-windows/src/webgpu/geyser-webgpu-link.exe
  [[ $(head -c 2 "$program") == MZ ]] || die "$program is no program of Windows"
  echo "webgpu.sh: compiles and links for Windows"
}

apple() {
  [[ -x build/apple/zig/package/zig ]] || die "no Zig in build/apple; ./dev apple fetches it"
  export ZIG_GLOBAL_CACHE_DIR=$PWD/build/apple/zig-cache ZIG_LOCAL_CACHE_DIR=$PWD/build/apple/zig-cache
  unset CMAKE_CXX_COMPILER_LAUNCHER  # Zig keeps a cache of its own
  local arch archs
  read -ra archs <<<"${GEYSER_APPLE_ARCHS:-arm64 x86_64}"
  for arch in "${archs[@]}"; do
    compile "apple-$arch" "build/webgpu-apple-$arch"
    [[ $(od -An -tx1 -N4 "build/webgpu-apple-$arch/src/webgpu/geyser-webgpu-link" | tr -d ' ') == cffaedfe ]] ||
      die "the program for macOS on $arch is no Mach-O"
    echo "webgpu.sh: compiles and links for macOS on $arch"
  done
}

steps=("$@")
(( ${#steps[@]} )) || steps=(windows apple)
for step in "${steps[@]}"; do "$step"; done
