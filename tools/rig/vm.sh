#!/usr/bin/env bash
# ./dev rig vm [--boot plain|drm|forky] [--run COMMAND | CTEST OPTIONS]: tests in a virtual machine, where dma-bufs, sync
# files and DRM nodes are the kernel's own.
#
# QEMU translates (no /dev/kvm), the kernel is Debian's 6.12, and the root file system is this machine's "/",
# read-only: what the build tree has runs as it was built. Two boots, since Mesa changes its mind where DRM nodes are:
#   plain   udmabuf and dma-heap: the tests labelled dma_buf, and the contract's
#   drm     also vgem and virtio-gpu: primary and render nodes, dumb buffers, GBM, syncobjs, fences to signal by hand: the
#           tests labelled dma_buf. Not the contract's: Mesa 22's EGL takes the first DRM node, and has no driver for it.
#   forky   as drm, but the root file system and the build are those of ./dev rig forky, which comes first: native Dawn on
#           Mesa 26's lavapipe, with the kernel's dma-bufs and sync files
# Without options the first two run, the third where its rig is, and docs/results/vm.md is written.
# --run COMMAND runs that by a shell instead of ctest, in the build tree. The exit status is the tests'; a machine that
# hangs or panics is ended after GEYSER_VM_TIMEOUT seconds (1800), and has failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rig=$PWD/build/rigs/vm
tree=$PWD/build/dev

forky=$PWD/build/rigs/forky
boots=(plain drm)
[[ -e $forky-build/CTestTestfile.cmake ]] && boots+=(forky)
command=
report=1
while (( $# )); do
  case $1 in
    --boot) boots=("${2:?}"); report=; shift 2 ;;
    --run) command=${2:?}; report=; shift 2 ;;
    *) break ;;
  esac
done
(( $# )) && report=
ctest_plain=(-L 'dma_buf|contract')
ctest_drm=(-L dma_buf)
# What of WebGPU needs the kernel; its pairs without it are ./dev rig forky's.
ctest_forky=(-R 'dma_buf|^sync_file|kernel_buffers|gbm|syncobj')
(( $# )) && ctest_plain=("$@") ctest_drm=("$@") ctest_forky=("$@")

tools/rig/vm/unpack.sh
tools/unpack_drivers.sh
for name in "${boots[@]}"; do
  if [[ $name == forky ]]; then
    [[ -e $forky-build/CTestTestfile.cmake ]] || { echo "vm: ./dev rig forky comes first" >&2; exit 1; }
  else
    [[ -e $tree/CTestTestfile.cmake ]] || { echo "vm: ./dev build comes first" >&2; exit 1; }
  fi
done
mkdir -p "$tree/Testing"

qemu() {
  local libraries=$rig/root/usr/lib/x86_64-linux-gnu
  QEMU_MODULE_DIR=$libraries/qemu LD_LIBRARY_PATH=$libraries:$libraries/pulseaudio:$rig/root/lib/x86_64-linux-gnu \
    timeout "${GEYSER_VM_TIMEOUT:-1800}" "$rig/root/usr/bin/qemu-system-x86_64" \
    -L "$rig/root/usr/share/qemu" -L "$rig/root/usr/share/seabios" -L "$rig/root/usr/lib/ipxe/qemu" "$@"
}

# boot NAME: its own folder for what comes back; the exit status of the tests.
boot() {
  local name=$1 io=$rig/$1 modules=(virtio_pci 9p 9pnet_virtio) devices=() root=/ inside=$tree
  local variables=("GEYSER_MESA25=$PWD/build/drivers/mesa25.json" GEYSER_RIG=vm)
  local -n ctest=ctest_$1
  case $name in
    plain) ;;
    drm) modules+=(vgem virtio-gpu) devices=(-device virtio-gpu-pci) ;;
    forky)
      modules+=(vgem virtio-gpu)
      devices=(-device virtio-gpu-pci)
      root=$forky inside=/build
      variables=(GEYSER_RIG=forky GEYSER_REFUSALS=/src/tests/contract/refusals/forky.txt
        GEYSER_WEBGPU_DRIVER=/usr/share/vulkan/icd.d/lvp_icd.json)
      local tag path
      for tag in src build; do
        path=$PWD
        [[ $tag == build ]] && path=$forky-build
        devices+=(-fsdev "local,id=$tag,path=$path,security_model=none,readonly=on,multidevs=remap"
          -device "virtio-9p-pci,fsdev=$tag,mount_tag=$tag")
      done ;;
    *) echo "vm: no boot [$name]; plain, drm or forky" >&2; return 2 ;;
  esac
  mkdir -p "$io"
  rm -f "$io"/guest.{log,rc} "$io"/results.xml
  python3 tools/rig/vm/initramfs.py "$rig/kernel" "$rig/root/bin/busybox" tools/rig/vm/init.sh "$io/initramfs.gz" \
    "${modules[@]}" || return 1
  {
    printf 'tree=%q name=%q\n' "$inside" "$name"
    # Not SwiftShader, which knows nothing of dma-bufs: under translation every pair takes long.
    printf 'export %q\n' "${variables[@]}"
    cat tools/rig/vm/guest.sh
    if [[ -n $command ]]; then
      printf '%s\n' "$command"
    else
      printf 'ctest --test-dir "$tree" --no-tests=error --output-on-failure --output-junit /tmp/io/results.xml --test-output-size-passed 1000000'
      printf ' %q' "${ctest[@]}"
      echo
    fi
  } >"$io/guest.sh"
  # This processor model: with the largest that QEMU has, LLVM 15 makes code that it then finds it cannot run.
  qemu -M q35 -accel tcg,thread=multi,tb-size=512 -cpu Haswell-v4,-pcid,-tsc-deadline,-invpcid,-spec-ctrl \
    -smp 2 -m 4096 -nodefaults -display none -no-reboot -serial stdio \
    -kernel "$rig"/kernel/boot/vmlinuz-* -initrd "$io/initramfs.gz" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable no_timer_check boot=$name" \
    -fsdev "local,id=root,path=$root,security_model=none,readonly=on,multidevs=remap" -device virtio-9p-pci,fsdev=root,mount_tag=root \
    -fsdev "local,id=io,path=$io,security_model=none" -device virtio-9p-pci,fsdev=io,mount_tag=io \
    "${devices[@]+"${devices[@]}"}" </dev/null || echo "vm: QEMU ended with status [$?]"
  cat "$io/guest.log" 2>/dev/null || true
  [[ -e $io/guest.rc ]] || { echo "vm: boot [$name] did not come to an end" >&2; return 1; }
  local status
  status=$(<"$io/guest.rc")
  if [[ -z $command ]]; then python3 tools/rig/vm/report.py "$rig" - "$name" || status=1; fi
  return "$status"
}

failed=0
for name in "${boots[@]}"; do
  echo "=== vm: boot [$name] ($(date -u +%T))"
  boot "$name" || { failed=$?; echo "vm: boot [$name] failed with status [$failed]" >&2; }
done
if [[ -n $report ]]; then python3 tools/rig/vm/report.py "$rig" docs/results/vm.md "${boots[@]}"; fi
exit "$failed"
