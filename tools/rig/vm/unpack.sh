#!/usr/bin/env bash
# Unpacks what the virtual machine is made of from Debian's packages below build/rigs/vm: QEMU, busybox and a kernel
# with udmabuf, dma-heaps, vgem and virtio-gpu. Beside the system, never into it.
#   kernel/   the kernel's package          root/   QEMU, busybox, and the libraries that this system lacks for them
# Exit status: 0 when all of it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
into=$PWD/build/rigs/vm
[[ -e $into/complete ]] && exit 0

command -v apt-get >/dev/null || { echo "vm: no apt-get here, so no kernel and no QEMU" >&2; exit 1; }
[[ $(uname -m) == x86_64 ]] || { echo "vm: made for x86_64; this is $(uname -m)" >&2; exit 1; }
. /etc/os-release
# Debian 12's own kernel has neither udmabuf nor dma-heaps; its backports' has.
case ${VERSION_CODENAME:-} in
  bookworm) suites=(bookworm bookworm-updates bookworm-backports) newest=bookworm-backports ;;
  trixie) suites=(trixie trixie-updates) newest=trixie ;;
  *) echo "vm: made for Debian 12 and 13; this is ${PRETTY_NAME:-another system}" >&2; exit 1 ;;
esac

mkdir -p "$into"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Package lists of our own, made from the mirror that this system already uses.
mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; ++i) if ($i ~ /:\/\//) {print $i; exit}}' \
  $(ls /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null))
mkdir -p "$scratch"/{lists,cache/archives}/partial
for suite in "${suites[@]}"; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
done >"$scratch/sources.list"
options=(-q -o "Dir::Etc::sourcelist=$scratch/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$scratch/lists" -o "Dir::Cache=$scratch/cache" -o APT::Sandbox::User=
  -o APT::Install-Recommends=false -o Debug::NoLocking=true)
apt-get "${options[@]}" -qq update

# What apt would install, which is QEMU and those of its libraries that are not here: downloaded and no more.
apt-get "${options[@]}" -qq --download-only -y -t "$newest" install qemu-system-x86 busybox-static
rm -rf "$into/root" "$into/kernel"
for package in "$scratch"/cache/archives/*.deb; do dpkg-deb -x "$package" "$into/root"; done

kernel=$(apt-cache "${options[@]}" show "linux-image-amd64/$newest" | awk '/^Depends:/ {print $2; exit}')
cd "$scratch"
apt-get "${options[@]}" -qq download "$kernel"
dpkg-deb -x "$kernel"_*.deb "$into/kernel"
{
  for package in "$scratch"/cache/archives/*.deb "$scratch/$kernel"_*.deb; do
    case ${package##*/} in
      qemu-system-x86_* | busybox-static_* | linux-image*) dpkg-deb -f "$package" Package Version | awk '{printf "%s ", $2} END {print ""}' ;;
    esac
  done
} >"$into/versions"
touch "$into/complete"
