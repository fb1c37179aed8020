#!/usr/bin/env bash
# ./dev rig forky [CTEST OPTIONS]: Geyser built and tested in a Debian forky root file system of its own, which has
# native Dawn (WebGPU) and current Mesa and GCC, below build/rigs/forky. Nothing outside build/rigs is written: what is
# mounted is mounted in a name space of this run's own. As root or, where the kernel lets users have name spaces
# (package uidmap), as anybody.
# ./dev rig forky --run COMMAND [ARGUMENTS]: a command in it instead.
# Without options the whole suite runs and docs/results/forky.md is written. GEYSER_* variables of the environment reach
# the tests; a path in them is one inside the rig, where the sources are /src (read-only) and the build is /build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rigs=$PWD/build/rigs
root=$rigs/forky
die() { echo "rig forky: $*" >&2; exit 1; }

command -v mmdebstrap >/dev/null || die "mmdebstrap is missing (Debian package mmdebstrap)"
# What Geyser builds and runs with, Dawn, and what the page of results says the versions of.
mapfile -t packages < <(./dev packages --list)
packages+=(ccache ca-certificates libwebgpu-dawn-dev libwebgpu-dawn0 dawn-tools)

# shellcheck disable=SC2016  # "$1" is the hook's
swiftshader_hook='set -e
  mkdir "$1/opt/swiftshader"
  chroot "$1" sh -c "cd /tmp && apt-get -qq -o APT::Sandbox::User=root download chromium-common &&
    dpkg-deb -f chromium-common_*.deb Version >/opt/swiftshader/version && dpkg-deb -x chromium-common_*.deb chromium &&
    cp chromium/usr/lib/chromium/libvk_swiftshader.so /opt/swiftshader/ && rm -r chromium chromium-common_*.deb"
  echo "{\"file_format_version\":\"1.0.0\",\"ICD\":{\"library_path\":\"/opt/swiftshader/libvk_swiftshader.so\",\"api_version\":\"1.3.0\"}}" >"$1/opt/swiftshader/swiftshader.json"'

# From the mirror that this system already uses. Its copy of forky may be older than its Release file allows: a rig of a
# moving distribution says its versions instead.
make_root() {
  local mirror
  mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; ++i) if ($i ~ /:\/\//) {print $i; exit}}' \
    $(ls /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null))
  [[ -n $mirror ]] || die "no Debian mirror is named in /etc/apt"
  mkdir -p "$rigs"
  rm -rf "$root.new" "$root.made"
  mmdebstrap --variant=minbase --format=directory --include="$(IFS=,; echo "${packages[*]}")" \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
    --customize-hook="$swiftshader_hook" forky "$root.new" "$mirror"
  mkdir "$root.new/src" "$root.new/build" "$root.new/ccache"
  rm -rf "$root"
  mv "$root.new" "$root"
  printf '%s\n' "${packages[@]}" >"$root.made"
}
[[ -e $root.made && $(<"$root.made") == "$(printf '%s\n' "${packages[@]}")" ]] || make_root

ccache=$rigs/ccache
if command -v ccache >/dev/null; then ccache=$(ccache -k cache_dir); fi
mkdir -p "$rigs/forky-build" "$ccache"

# enter COMMAND ARGUMENT...: in the rig, with its mounts. They go when the last process of the name space does.
enter() {
  local flags=(--mount --pid --fork --kill-child)
  (( EUID == 0 )) || flags+=(--map-root-user --map-auto)
  local variables=()
  # Drivers outside are not those of the rig.
  mapfile -t variables < <(env | grep -E '^GEYSER_[A-Z0-9_]+=' | grep -vE '^GEYSER_(SWIFTSHADER|MESA25)=' || true)
  # shellcheck disable=SC2016  # expanded inside
  unshare "${flags[@]}" bash -c '
    set -e
    root=$1 build=$2 ccache=$3
    shift 3
    mount --bind "$PWD" "$root/src"
    mount -o remount,bind,ro "$root/src"
    mount --bind "$build" "$root/build"
    mount --bind "$ccache" "$root/ccache"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp TMPDIR=/tmp LANG=C.UTF-8 CCACHE_DIR=/ccache "$@"
  ' bash "$root" "$rigs/forky-build" "$ccache" \
    GEYSER_RIG=forky GEYSER_SWIFTSHADER=/opt/swiftshader/swiftshader.json GEYSER_REFUSALS=/src/tests/contract/refusals/forky.txt \
    "${variables[@]}" "$@"
}

if [[ ${1:-} == --run ]]; then
  shift
  enter "$@"
  exit
fi

versions() {
  # shellcheck disable=SC2016  # dpkg-query expands it
  enter dpkg-query -W -f '${Package} ${Version}\n' libwebgpu-dawn0 mesa-vulkan-drivers g++ gcc-16 libc6 cmake |
    sed 's/^gcc-16 /GCC /; /^g++ /d; s/^libwebgpu-dawn0 /Dawn /; s/^mesa-vulkan-drivers /Mesa /; s/^libc6 /libc /'
  echo "SwiftShader of chromium-common $(<"$root/opt/swiftshader/version")"
  }
versions

enter bash -ec '
  cd /build
  [[ -e build.ninja ]] || cmake -S /src -B /build -G Ninja -Wno-dev -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DGEYSER_WITH_WEBGPU=ON
  nice cmake --build /build'

mkdir -p "$rigs/forky-build/Testing"
status=0
enter ctest --test-dir /build --output-on-failure --test-output-size-passed 1000000 --output-junit /build/Testing/junit.xml "$@" || status=$?
if (( $# == 0 )); then
  arguments=(--title "Debian forky: native Dawn, current Mesa and GCC" --command "./dev rig forky"
    # shellcheck disable=SC1091  # the rig's
    --system "$(. "$root/etc/os-release"; echo "$PRETTY_NAME")"
    --note "Known of Mesa 26.1's llvmpipe, and looked for where it is met, so that a repaired one is noticed: where it finds
/dev/udmabuf (the stand-in's), OpenGL opens no opaque memory that lavapipe exported: \`glTexStorageMemEXT failed
(GL_OUT_OF_MEMORY)\`. \`fences\` asserts those words and goes on with the next rung, a dma-buf. Of textures that were
written by planes it keeps one or two, however many there were (\`two_processes\`, \`opengl_dma_buf\`). Known of Dawn: what
its driver refuses in an import loses it its device (docs/webgpu.md); its copies of descriptors are not closed
by exec (\`fault_table\` lets them go before it starts a child).")
  while read -r line; do arguments+=(--version "$line"); done < <(versions)
  python3 tools/rig/result.py "$rigs/forky-build/Testing/junit.xml" "${arguments[@]}" >docs/results/forky.md
  echo "rig forky: docs/results/forky.md is written"
fi
exit "$status"
