#!/usr/bin/env bash
# What tools/windows-proof.ps1 needs on a Windows machine, as one archive: the programs that ./dev build windows makes,
# without the interposer, so that the machine's own driver is asked. Gives build/windows/geyser-proof.zip.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tree=$PWD/build/windows
into=$tree/geyser-proof
rm -rf "$into" "$into.zip"
mkdir -p "$into"
# add NAME PROGRAM [WORDS]: one run of a program.
add() {
  cp -n "$2" "$into/"
  echo "$1|$(basename "$2")|${3:-}" >>"$into/tests.txt"
}
for program in "$tree"/tests/{unit,contract,stream,stream/fault_table,process,tool,windows}/test_*.exe; do
  name=$(basename "$program" .exe)
  [[ $name == test_win32_cuda_driver ]] && continue  # a stand-in's
  add "${name#test_}" "$program"
done
# The other programs there are on stand-ins.
for name in d3d11/{d3d11,d3d11_pairs} d3d12/d3d12 wgl/{wgl,wgl_pairs}; do
  add "${name#*/}" "$tree/tests/${name%/*}/test_${name#*/}.exe"
done
cp "$tree/tool/geyser.exe" "$into/"
cp examples/demo/picture.png "$into/"
for backends in "host host" "host vulkan" "vulkan host" "vulkan vulkan"; do
  read -r from to <<<"$backends"
  add "demo_${from}_to_$to" "$tree/examples/demo/geyser-demo.exe" \
    "picture.png --from $from --to $to --frames 61 --json --output logs/demo.png"
  add "check_${from}_to_$to" "$tree/tool/geyser.exe" "check pair --from $from --to $to"
done
add demo_binary_semaphores "$tree/examples/demo/geyser-demo.exe" \
  "picture.png --from vulkan --to vulkan --fence opaque_win32_binary --frames 61 --json --output logs/demo.png"
cp tools/windows-proof.ps1 "$into/"
git rev-parse HEAD >"$into/commit.txt"
(cd "$into/.." && cmake -E tar cf geyser-proof.zip --format=zip geyser-proof)
echo "$into.zip: $(wc -l <"$into/tests.txt") runs"
