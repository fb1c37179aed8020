#!/usr/bin/env bash
# What only a machine with a real GPU can show: the contract suite on its driver, the demo with every fence kind, and
# the hand-off in microseconds.
# Usage: tools/run_on_gpu.sh [DIRECTORY with geyser-demo, geyser-bench-handoff and the test_* programs]; without one,
# builds them. GEYSER_REFUSALS names the driver's reviewed list (tests/contract/refusals); with GEYSER_WRITE_REFUSALS=1
# it is written. The Vulkan validation layer has to be installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
programs=${1:-}
picture=$PWD/examples/demo/picture.png
if [[ -z $programs ]]; then
  ./dev build dev && ./dev build release
  programs=$(mktemp -d)
  ln -s "$PWD"/build/dev/tests/{contract,process}/test_* "$programs/"
  ln -s "$PWD/build/dev/examples/demo/geyser-demo" "$PWD/build/release/bench/handoff/geyser-bench-handoff" "$programs/"
fi
programs=$(cd "$programs" && pwd)
out=$(mktemp -d)
cd "$out"
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
status=0
export GEYSER_RIG=gpu
for test in pairs fences misuse vulkan opengl allocator channels steady_state two_processes dead_peer; do
  [[ -x $programs/test_$test ]] || { echo "=== $test: not there"; status=1; continue; }
  echo "=== $test"
  timeout 300 "$programs/test_$test" >"$test.log" 2>&1 || { status=1; grep -v -e '   OK ' -e 'RUN  ' "$test.log" | head -n 60; }
  tail -n 3 "$test.log"
done
for pair in vulkan:opengl vulkan:opengl_es vulkan:vulkan opengl:vulkan opengl:opengl; do
  from=${pair%:*} to=${pair#*:}
  for fence in opaque_fd_timeline opaque_fd_binary host_timeline; do
    echo "=== $from -> $to, $fence"
    timeout 120 "$programs/geyser-demo" --from "$from" --to "$to" --fence "$fence" --output "$from-$to-$fence.png" "$picture" || status=1
  done
done
timeout 600 "$programs/geyser-bench-handoff" --absolute || status=1
echo "pictures in $out"
exit $status
