#!/usr/bin/env bash
# What only a machine with a real GPU can show: the demo with every fence kind, and the hand-off in microseconds.
# Usage: tools/run_on_gpu.sh [DIRECTORY with geyser-demo and geyser-bench-handoff]; without one, builds them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
programs=${1:-}
if [[ -z $programs ]]; then
  ./dev build dev && ./dev build release
  programs=$(mktemp -d)
  ln -s "$PWD/build/dev/examples/demo/geyser-demo" "$PWD/build/release/bench/handoff/geyser-bench-handoff" "$programs/"
fi
programs=$(cd "$programs" && pwd)
out=$(mktemp -d)
cd "$out"
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
status=0
for to in opengl opengl_es vulkan; do
  for fence in opaque_fd_timeline opaque_fd_binary host_timeline; do
    echo "=== vulkan -> $to, $fence"
    timeout 120 "$programs/geyser-demo" --to "$to" --fence "$fence" --output "$to-$fence.png" || status=1
  done
done
timeout 600 "$programs/geyser-bench-handoff" --absolute || status=1
echo "pictures in $out"
exit $status
