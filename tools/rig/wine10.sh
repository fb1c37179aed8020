#!/usr/bin/env bash
# ./dev rig wine10 [CTEST OPTIONS]: the programs that ./dev windows builds, under Wine 10 and Mesa 25 in a Debian 13 root
# file system of their own, below build/rigs/wine10. Nothing outside build/ is written: what is mounted is mounted in a
# name space of this run's own. As root or, where the kernel lets users have name spaces (package uidmap), as anybody.
# ./dev rig wine10 --run COMMAND [ARGUMENTS]: a command in it instead.
# Without options the whole suite runs, with what ./dev windows leaves out for its time, and docs/results/wine10.md is
# written.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rigs=$PWD/build/rigs
root=$rigs/wine10
die() { echo "rig wine10: $*" >&2; exit 1; }

command -v mmdebstrap >/dev/null || die "mmdebstrap is missing (Debian package mmdebstrap)"
# cmake is for ctest, the compiler and ninja for the consumer of the package.
packages=(wine wine64 mesa-vulkan-drivers libvulkan1 xvfb xauth libgl1 libegl1 cmake ninja-build python3 git unzip
  g++-mingw-w64-x86-64-posix libexpected-dev libvulkan-dev ca-certificates)

make_root() {
  local mirror
  mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; ++i) if ($i ~ /:\/\//) {print $i; exit}}' \
    $(ls /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null))
  [[ -n $mirror ]] || die "no Debian mirror is named in /etc/apt"
  mkdir -p "$rigs"
  rm -rf "$root.new" "$root.made"
  mmdebstrap --variant=minbase --format=directory --include="$(IFS=,; echo "${packages[*]}")" \
    --aptopt='APT::Install-Recommends "false"' trixie "$root.new" "$mirror"
  mkdir "$root.new/prefix"
  rm -rf "$root"
  mv "$root.new" "$root"
  printf '%s\n' "${packages[@]}" >"$root.made"
}
[[ -e $root.made && $(<"$root.made") == "$(printf '%s\n' "${packages[@]}")" ]] || make_root

# enter COMMAND ARGUMENT...: in the rig, with this tree at its own place: ctest's files name it.
enter() {
  local flags=(--mount --pid --fork --kill-child)
  (( EUID == 0 )) || flags+=(--map-root-user --map-auto)
  # shellcheck disable=SC2016  # expanded inside
  unshare "${flags[@]}" bash -c '
    set -e
    root=$1 tree=$2
    shift 2
    mkdir -p "$root$tree"
    mount --bind "$tree" "$root$tree"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp XDG_RUNTIME_DIR=/tmp LANG=C.UTF-8 "$@"
  ' bash "$root" "$PWD" GEYSER_WINEPREFIX=/prefix GEYSER_RIG=wine10 "$@"
}

if [[ ${1:-} == --run ]]; then
  shift
  enter "$@"
  exit
fi

./dev build windows
versions() {
  # shellcheck disable=SC2016  # dpkg-query expands it
  enter dpkg-query -W -f '${Package} ${Version}\n' wine mesa-vulkan-drivers |
    sed 's/^wine /Wine /; s/^mesa-vulkan-drivers /Mesa /'
  echo "mingw-w64 GCC $(x86_64-w64-mingw32-g++-posix -dumpfullversion)"
}
versions

mkdir -p build/rig
status=0
# shellcheck disable=SC2016  # expanded inside
enter bash -c '
  tools=$1/tools/windows/wine.sh
  junit=$1/build/rig/wine10.xml
  tree=$1
  shift
  rm -f /prefix/wineserver  # names a directory of an earlier run
  "$tools" --prepare
  "$tools" --stop
  status=0
  xvfb-run -a ctest --test-dir "$tree/build/windows" -j 2 --output-on-failure --test-output-size-passed 1000000 \
    --output-junit "$junit" "$@" || status=$?
  "$tools" --stop
  exit $status' bash "$PWD" "$@" || status=$?
if (( $# == 0 )); then
  arguments=(--title "Windows programs under Wine 10" --command "./dev rig wine10"
    # shellcheck disable=SC1091  # the rig's
    --system "$(. "$root/etc/os-release"; echo "$PRETTY_NAME")"
    --note "What ./dev windows runs under Wine 8, and the tests that take long, under a later Wine with a later
lavapipe. What a row is proof of is in docs/results/windows.md.")
  while read -r line; do arguments+=(--version "$line"); done < <(versions)
  python3 tools/rig/result.py build/rig/wine10.xml "${arguments[@]}" >docs/results/wine10.md
  echo "rig wine10: docs/results/wine10.md is written"
fi
exit "$status"
