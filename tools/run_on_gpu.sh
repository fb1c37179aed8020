#!/usr/bin/env bash
# What only a machine with a real GPU can show: the contract suite and the streams on its driver, the demo with every
# fence kind, and the benchmarks in microseconds.
# Usage: tools/run_on_gpu.sh [-d DIRECTORY] [contract] [streams] [demo] [bench] [probe]   (all but the last when none is named)
# DIRECTORY has geyser-demo, geyser-bench-handoff, geyser-bench-streams and the test_* programs; without one they are
# built. GEYSER_REFUSALS names the driver's reviewed list (tests/contract/refusals); with GEYSER_WRITE_REFUSALS=1 it is
# written. GEYSER_IN_PLACE lists the ends that share host memory in place. The Vulkan validation layer has to be
# installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
programs=
if [[ ${1:-} == -d ]]; then programs=$2; shift 2; fi
parts=("$@")
(( ${#parts[@]} )) || parts=(contract streams demo bench)
picture=$PWD/examples/demo/picture.png
if [[ -z $programs ]]; then
  ./dev build dev && ./dev build release
  programs=$(mktemp -d)
  ln -s "$PWD"/build/dev/tests/{contract,process,stream,cuda}/test_* "$PWD"/build/dev/tests/stream/fault_table/test_* "$programs/"
  ln -s "$PWD/build/dev/examples/demo/geyser-demo" "$PWD"/build/release/bench/{handoff,streams}/geyser-bench-* "$programs/"
fi
programs=$(cd "$programs" && pwd)
out=$(mktemp -d)
cd "$out"
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
status=0
export GEYSER_RIG=gpu

# run_test NAME [OPTIONS]
run_test() {
  local name=$1
  [[ -x $programs/test_$name ]] || { echo "=== $name: not there"; status=1; return; }
  echo "=== $*"
  shift
  timeout 300 "$programs/test_$name" "$@" >"$name.log" 2>&1 || { status=1; grep -v -e '   OK ' -e 'RUN  ' "$name.log" | head -n 60; }
  grep -e '^healthy' -e '^tier' "$name.log" || true
  tail -n 4 "$name.log"
}

contract() {
  local name
  for name in pairs fences misuse vulkan host_linear opengl allocator channels steady_state two_processes dead_peer; do
    run_test "$name"
  done
}

streams() {
  local name
  for name in feeds tiers event hostile directory steady crowd faults; do run_test "$name"; done
  run_test soak --frames 100000 --publisher vulkan
  run_test fault_table
}

demo() {
  local pair from to fence
  for pair in vulkan:opengl vulkan:opengl_es vulkan:vulkan opengl:vulkan opengl:opengl vulkan:host host:vulkan; do
    from=${pair%:*} to=${pair#*:}
    for fence in opaque_fd_timeline opaque_fd_binary host_timeline; do
      [[ $pair == *host* && $fence != host_timeline ]] && continue
      echo "=== $from -> $to, $fence"
      timeout 120 "$programs/geyser-demo" --from "$from" --to "$to" --fence "$fence" --output "$from-$to-$fence.png" "$picture" || status=1
    done
  done
}

bench() {
  timeout 400 "$programs/geyser-bench-handoff" --absolute || status=1
  timeout 400 "$programs/geyser-bench-streams" --json "$out/streams.json" --svg "$out/plots" || status=1
}

# What the driver does beyond what Geyser relies on; prints.
probe() {
  timeout 300 "$programs/test_cuda_probe" || status=1
}

for part in "${parts[@]}"; do "$part"; done
echo "files in $out"
exit $status
