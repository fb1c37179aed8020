#!/usr/bin/env bash
# Unpacks drivers for the tests from Debian's packages below build/drivers: beside the system, never into it.
#   swiftshader.json  SwiftShader, which lies in Chromium's package
#   mesa25.json       Mesa 25's lavapipe, from Debian 12's backports (Debian 13 has it as the system's own)
#   mesa25-egl.json   the same Mesa's EGL, OpenGL and GBM, which lie in mesa25/ (./dev rig mesa says how to use them)
# Exit status: 0 when everything that this system's packages can give is there. A driver that they cannot give is named.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
into=$PWD/build/drivers
library=usr/lib/$(uname -m)-linux-gnu

command -v apt-get >/dev/null || { echo "unpack_drivers: no apt-get here, so no drivers" >&2; exit 1; }
mkdir -p "$into"

# manifest NAME LIBRARY VERSION
manifest() {
  printf '{"file_format_version":"1.0.0","ICD":{"library_path":"%s","api_version":"%s"}}\n' "$2" "$3" >"$into/$1.json"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

if [[ ! -e $into/swiftshader.json ]]; then
  apt-get -qq download chromium-common
  dpkg-deb -x chromium-common_*.deb chromium
  cp chromium/usr/lib/chromium/libvk_swiftshader.so "$into/"
  manifest swiftshader "$into/libvk_swiftshader.so" 1.3.0
fi

. /etc/os-release
if [[ ${VERSION_CODENAME:-} != bookworm ]]; then
  echo "unpack_drivers: Mesa 25 is unpacked on Debian 12 only; this is ${PRETTY_NAME:-another system}"
  exit 0
fi
if [[ ! -e $into/mesa25-egl.json ]]; then
  # Package lists of our own, made from the mirror that this system already uses.
  mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; ++i) if ($i ~ /:\/\//) {print $i; exit}}' \
    $(ls /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null))
  mkdir -p lists/partial cache/archives/partial
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm-backports main" >sources.list
  options=(-qq -o "Dir::Etc::sourcelist=$scratch/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$scratch/lists" -o "Dir::Cache=$scratch/cache" -o APT::Sandbox::User=)
  apt-get "${options[@]}" update
  # libdrm is newer too: libgallium calls what Debian 12's has not.
  packages=(mesa-vulkan-drivers libegl-mesa0 libgl1-mesa-dri mesa-libgallium libgbm1 libdrm2 libdrm-amdgpu1)
  apt-get "${options[@]}" download "${packages[@]/%//bookworm-backports}"
  for package in "${packages[@]}"; do dpkg-deb -x "$package"_*.deb mesa; done
  rm -rf "$into/mesa25"
  mkdir -p "$into/mesa25"
  cp -a "mesa/$library/"{libvulkan_lvp.so,libEGL_mesa.so.*,libgallium-*.so,libgbm.so.*,libdrm.so.*,libdrm_amdgpu.so.*} \
    "mesa/$library/"{dri,gbm} "$into/mesa25/"
  dpkg-deb -f libegl-mesa0_*.deb Version >"$into/mesa25/version"
  manifest mesa25 "$into/mesa25/libvulkan_lvp.so" 1.4.0
  printf '{"file_format_version":"1.0.0","ICD":{"library_path":"%s"}}\n' "$into/mesa25/libEGL_mesa.so.0" \
    >"$into/mesa25-egl.json"
fi
