#!/usr/bin/env bash
# On a Mac: Geyser as an XCFramework for Xcode's projects, build/xcframework/Geyser.xcframework. One static library of all
# of Geyser's for macOS on arm64 and x86_64, with its public headers. Needs Xcode, cmake, ninja, flatc and tl-expected.
# Programs link Metal, CoreVideo, IOSurface, CoreFoundation, Foundation and OpenGL beside it, and libbsm; the headers include
# <tl/expected.hpp>, which is not copied.
#
# usage: tools/xcframework.sh [--print]   --print: says what would be run, on any system
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

print=
[[ ${1:-} == --print ]] && print=1
run() {
  if [[ -n $print ]]; then printf '%q ' "$@" && echo; else "$@"; fi
}
if [[ -z $print ]]; then
  [[ $(uname -s) == Darwin ]] || { echo "xcframework.sh: this is no Mac; --print says what it would do" >&2; exit 1; }
  for tool in cmake ninja flatc xcodebuild xcrun; do
    command -v "$tool" >/dev/null || { echo "xcframework.sh: no [$tool]" >&2; exit 1; }
  done
fi

into=build/xcframework
run rm -rf "$into"
# Fat objects: one build for both processors.
run cmake -S . -B "$into/build" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_OSX_ARCHITECTURES=arm64;x86_64" \
  -DCMAKE_OSX_DEPLOYMENT_TARGET=13.0 -DBUILD_SHARED_LIBS=OFF -DGEYSER_BUILD_TESTS=OFF -DGEYSER_BUILD_EXAMPLES=OFF \
  -DGEYSER_BUILD_TOOL=OFF -DGEYSER_WITH_OPENGL=OFF -DGEYSER_WITH_WEBGPU=OFF -DGEYSER_WITH_CUDA=OFF
run cmake --build "$into/build"
run cmake --install "$into/build" --prefix "$into/install"
libraries=("$into"/install/lib/libgeyser-*.a)
# Apple's: GNU's program of that name is another.
run xcrun libtool -static -o "$into/libgeyser.a" "${libraries[@]}"
run xcodebuild -create-xcframework -library "$into/libgeyser.a" -headers "$into/install/include" \
  -output "$into/Geyser.xcframework"
