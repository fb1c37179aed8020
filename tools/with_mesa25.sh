#!/usr/bin/env bash
# tools/with_mesa25.sh COMMAND...: runs it with the Vulkan, EGL and GBM of the Mesa 25 that tools/unpack_drivers.sh puts
# below build/drivers; where there is none, as it is. With the library GEYSER_STAND_IN (tests/support/udmabuf_stand_in.cpp)
# preloaded into it, and not into this shell.
into=${GEYSER_MESA25:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/drivers/mesa25.json}
into=${into%.json}
# In another system's root (tools/rig/forky.sh) what lies beside the sources is not for it.
if [[ -e $into-egl.json && ${GEYSER_RIG:-} != forky ]]; then
  # The second variable for where a test unsets the first.
  export VK_DRIVER_FILES=$into.json VK_ICD_FILENAMES=$into.json
  export __EGL_VENDOR_LIBRARY_FILENAMES=$into-egl.json
  export LD_LIBRARY_PATH=$into LIBGL_DRIVERS_PATH=$into/dri GBM_BACKENDS_PATH=$into/gbm
  export GEYSER_MESA25=$into.json
  export GEYSER_RIG=mesa  # it stands for the system's own, and what it can do must be there
fi
[[ -z ${GEYSER_STAND_IN:-} ]] || export LD_PRELOAD=$GEYSER_STAND_IN
exec "$@"
