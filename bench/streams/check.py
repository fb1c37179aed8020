#!/usr/bin/env python3
"""Whether the benchmark of streams measures everything that it says: check.py PROGRAM. Judges no time."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

LATENCY = ["eventfd", "eventfd, polled", "futex", "feed, acquire()", "feed, event()"]
HAND_OFF = ["feed", "host copy", "GStreamer shm"]
FAN_OUT = ["eventfd", "futex", "feed, awake", "feed, asleep"]


def has(row, *names):
    """GStreamer may be missing where it was built or where it runs; then the row says so."""
    if "why" in row:
        assert row["way"] == "GStreamer shm" and row["why"], row
        return
    for name in names:
        values = row[name] if isinstance(row[name], list) else [row[name]]
        assert values and all(value > 0 for value in values), (name, row)


with tempfile.TemporaryDirectory() as directory:
    place = pathlib.Path(directory)
    done = subprocess.run([sys.argv[1], "--quick", "--smoke", "--json", place / "figures.json", "--svg", place / "plots"],
                          capture_output=True, text=True, timeout=100, env={**os.environ, "TMPDIR": directory})
    assert done.returncode == 0, f"status {done.returncode}\n{done.stdout}{done.stderr}"
    figures = json.loads((place / "figures.json").read_text())

    rows = figures["latency"]["rows"]
    assert [(row["readers"], row["way"]) for row in rows] == [(n, way) for n in (1, 16) for way in LATENCY], rows
    for row in rows:
        has(row, "p50_us", "p99_us", "p99_9_us", "frames", "ratio_by_turn")
        assert row["frames"] + row["missed"] <= 3 * row["readers"], row
    rows = figures["hand_off"]["rows"]
    assert [(row["readers"], row["way"]) for row in rows] == [(n, way) for n in (1, 4) for way in HAND_OFF], rows
    for row in rows:
        has(row, "p50_us", "p99_us", "p99_9_us", "frames", "ratio_by_turn")
    rows = figures["fan_out"]["rows"]
    assert [row["way"] for row in rows] == FAN_OUT, rows
    for row in rows:
        has(row, "cpu_us", "wall_us")
        assert len(row["cpu_us"]) == len(figures["fan_out"]["readers"]), row
    rows = figures["first_frame"]["rows"]
    assert [row["serves_event"] for row in rows if row["api"] == "host"] == [True, False], rows
    for row in rows:
        has(row, "p50_ms", "p99_ms", "max_ms")

    for way in LATENCY + HAND_OFF + FAN_OUT:
        assert f" {way}" in done.stdout or f"\n{way}" in done.stdout, f"no row for {way}\n{done.stdout}"
    for name in ("latency", "hand_off", "fan_out", "first_frame"):
        plot = xml.etree.ElementTree.parse(place / "plots" / f"{name}.svg").getroot()
        shapes = [element for element in plot.iter() if element.tag.endswith(("rect", "polyline"))]
        assert len(shapes) > 3, f"{name}.svg is empty"
    left = [path.name for path in place.iterdir() if path.name not in ("figures.json", "plots")]
    assert not left, f"left behind: {left}"
