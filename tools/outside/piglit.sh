#!/usr/bin/env bash
# ./dev outside piglit: the cases of piglit (Debian package piglit) about memory and dma-bufs that come from elsewhere,
# with this system's Mesa, and with Mesa 25 beside it and the stand-in for /dev/udmabuf, without which its Vulkan has no
# semaphores to share and the cases skip. No Geyser takes part: what fails here is the driver's. Writes
# docs/results/piglit.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
die() { echo "outside piglit: $*" >&2; exit 1; }

for program in piglit xvfb-run; do
  command -v "$program" >/dev/null || die "$program is missing (./dev outside piglit installs it)"
done
tools/unpack_drivers.sh
into=$PWD/build/outside/piglit
mkdir -p "$into"

# run NAME COMMAND...: one set of results.
run() {
  local name=$1
  shift
  # Software only, whatever device is here. An Xvfb that starts anew after its last client refuses the next one.
  LIBGL_ALWAYS_SOFTWARE=1 xvfb-run -a -s "-screen 0 1280x1024x24 -noreset" \
    "$@" piglit run -l quiet -p x11_egl -t external_objects -t dma_buf --overwrite all "$into/$name" \
    >"$into/$name.log" 2>&1 || { tail -n 20 "$into/$name.log" >&2; die "piglit stops"; }
}
run system env
results=("This system's Mesa $(dpkg-query -W -f '${Version}' libegl-mesa0)=$into/system")
if [[ -e build/drivers/mesa25-egl.json ]]; then
  stand_in=$PWD/build/dev/tests/support/libudmabuf_stand_in.so
  [[ -e $stand_in ]] || die "build/dev has no stand-in for /dev/udmabuf"
  GEYSER_STAND_IN=$stand_in run mesa25 tools/with_mesa25.sh
  results+=("Mesa $(cat build/drivers/mesa25/version) with the stand-in for /dev/udmabuf=$into/mesa25")
fi
python3 tools/outside/piglit_result.py "$(dpkg-query -W -f '${Version}' piglit)" "${results[@]}" >docs/results/piglit.md
echo "docs/results/piglit.md is written"
