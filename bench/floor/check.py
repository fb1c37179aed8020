#!/usr/bin/env python3
"""Whether the benchmark of the floor measures everything that it says: check.py PROGRAM. Judges no time."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HAND_OFF = [("vulkan", "bare, ahead"), ("vulkan", "bare, CPU waits"), ("vulkan", "bare"),
            ("vulkan", "geyser, recorded"), ("vulkan", "geyser, begin/end"), ("vulkan", "feed, recorded"), ("vulkan", "feed"),
            ("cuda", "bare, CPU waits"), ("cuda", "bare"), ("cuda", "geyser, recorded"), ("cuda", "geyser, begin/end"),
            ("cuda", "feed, recorded"), ("cuda", "feed"), ("cuda", "feed, no allocator")]
DEPTHS = ["bare, ahead", "bare, CPU waits", "bare", "geyser, recorded", "geyser, begin/end", "feed, recorded", "feed"]
THREE = ["bare", "geyser, recorded", "feed, recorded", "feed"]
COPIES = ["feed, recorded", "feed", "geyser, recorded", "bare", "CUDA IPC", "staging copy"]


def may_be_missing(row):
    """What a machine, a driver or the format of a message can be the reason for."""
    return (row["to"] == "cuda" or row["way"] == "bare, ahead" or (row["way"].startswith("feed") and not 2 <= row["depth"] <= 16)
            or (row["way"] == "geyser, recorded" and row["consumers"] > 8))


def has(row, *names):
    if "why" in row:
        assert row["why"] and not row["failed"] and may_be_missing(row), row
        print(f"NOT MEASURED: {row['way']} to {row['to']}: {row['why']}")
        return
    for name in names:
        values = row[name] if isinstance(row[name], list) else [row[name]]
        assert values and all(value > 0 for value in values), (name, row)


SLOW = ("frames", "p50_us", "p99_us", "p50_us_by_turn", "latency_ratio_by_turn")
FAST = ("frames_per_second_by_turn", "rate_ratio_by_turn", "producer_cpu_us_by_turn", "consumer_cpu_us_by_turn")

with tempfile.TemporaryDirectory() as directory:
    place = pathlib.Path(directory)
    done = subprocess.run([sys.argv[1], "--smoke", "--json", place / "figures.json", "--svg", place / "plots"],
                          capture_output=True, text=True, timeout=280, env={**os.environ, "TMPDIR": directory})
    assert done.returncode == 0, f"status {done.returncode}\n{done.stdout}{done.stderr}"
    figures = json.loads((place / "figures.json").read_text())

    rows = figures["hand-off"]
    assert [(row["to"], row["way"]) for row in rows] == HAND_OFF, rows
    for row in rows:
        has(row, *SLOW, *FAST)
        assert "why" in row or row["frames"] == 3, row
    rows = figures["sizes"]
    assert [(row["width"], row["way"]) for row in rows] == [(n, way) for n in (64, 256) for way in THREE], rows
    for row in rows:
        has(row, *SLOW, *FAST)
    rows = figures["depths"]
    assert [(row["depth"], row["way"]) for row in rows] == [(n, way) for n in (1, 2, 4, 32) for way in DEPTHS], rows
    for row in rows:
        has(row, *FAST)
    rows = figures["consumers"]
    assert [(row["consumers"], row["way"]) for row in rows] == [(n, way) for n in (1, 3, 9) for way in THREE], rows
    for row in rows:
        has(row, *SLOW, *FAST)
        assert "why" in row or row["frames"] == 3 * row["consumers"], row
    rows = figures["copies"]
    scenes = [(64, "rgba16_float"), (128, "rgba16_float"), (128, "rgba8_unorm")]
    assert [(row["width"], row["format"], row["way"]) for row in rows] == \
        [(*scene, way) for scene in scenes for way in COPIES], rows
    for row in rows:
        has(row, *SLOW, *FAST)
    rows = figures["set-up"]
    assert len(rows) >= 2 * 5 + 4, rows
    assert any(row.get("hits") for row in rows), rows
    assert all(row["p50_us"] > 0 for row in rows), rows
    rows = figures["barriers"]
    assert len(rows) == 12 and all("why" in row or row["barriers_submission_us"] > 0 for row in rows), rows
    assert any("why" not in row for row in rows), rows

    for name in ("hand-off", "sizes", "depths", "consumers", "copies"):
        plot = xml.etree.ElementTree.parse(place / "plots" / f"floor-{name}.svg").getroot()
        shapes = [element for element in plot.iter() if element.tag.endswith(("rect", "polyline", "path"))]
        assert len(shapes) > 3, f"floor-{name}.svg is empty"
    # The page that tools/gpu-proof makes of it, with a program that failed and one that did not run.
    proof = place / "proof"
    (proof / "floor").mkdir(parents=True)
    (proof / "floor" / "all.json").write_text((place / "figures.json").read_text())
    (proof / "floor" / "floor-sizes.svg").write_text((place / "plots" / "floor-sizes.svg").read_text())
    (proof / "floor" / "runs").write_text("floor 1 1500 ms\nnothing - nobody built it\n")
    (proof / "floor" / "floor.log").write_text("[  PASSED  ] 3 tests.\n[  FAILED  ] Suite.Case (1 ms)\nNOT RUN: no device\n")
    (proof / "machine").write_text("gpu=Some GPU, 1.2\n" + "".join(
        f"{name}=\n" for name in ("system", "processors", "commit", "date", "compiler", "cuda", "sanitizer", "layer")))
    page = pathlib.Path(__file__).resolve().parents[2] / "tools" / "gpu_proof_page.py"
    subprocess.run([sys.executable, page, proof, place / "results"], check=True, capture_output=True)
    text = (place / "results" / "some-gpu-1.2.md").read_text()
    for line in ("| floor | floor | **status 1** | 3 |", "* `floor`: Suite.Case", "* `floor`: NOT RUN: no device",
                 "* `nothing`: nobody built it", "* part `contract`: not run", "(some-gpu-1.2/floor-sizes.svg)"):
        assert line in text, f"no [{line}] in\n{text}"
    for way in {row["way"] for chapter in ("hand-off", "copies") for row in figures[chapter]}:
        assert f"| {way} |" in text, f"no [{way}] in\n{text}"
    assert (place / "results" / "some-gpu-1.2" / "floor-sizes.svg").exists()
    left = [path.name for path in place.iterdir() if path.name not in ("figures.json", "plots", "proof", "results")]
    assert not left, f"left behind: {left}"
