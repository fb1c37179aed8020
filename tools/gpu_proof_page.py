#!/usr/bin/env python3
"""The page of tools/gpu-proof: gpu_proof_page.py DIRECTORY RESULTS makes RESULTS/DEVICE-DRIVER.md, with its plots in
RESULTS/DEVICE-DRIVER/, of what the parts left in DIRECTORY. A part that did not run is named as such."""
import json
import pathlib
import re
import shutil
import statistics
import sys

PARTS = ["contract", "streams", "faults", "late", "memcheck", "demo", "floor", "copies", "bench"]
LATENCY_GOAL, CPU_GOAL_US, FLAT_GOAL = 1.05, 2.0, 1.1
# Beside a copy through shared memory: latency and rate at least so many times better.
COPY_GOALS = {("3840x2160", "rgba8_unorm"): (10, 30), ("7680x4320", "rgba16_float"): (50, 50)}


def median(values):
    return statistics.median(values) if values else 0.0


def read_runs(part):
    """(label, rc or None, seconds, why not), of each program of a part."""
    runs = []
    for line in (part / "runs").read_text(encoding="utf-8").splitlines() if (part / "runs").exists() else []:
        label, code, rest = line.split(" ", 2)
        if code == "-":
            runs.append((label, None, 0.0, rest))
        else:
            runs.append((label, int(code), int(rest.split()[0]) / 1000, ""))
    return runs


def log_of(part, label):
    path = part / f"{label}.log"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def figures_of(directory):
    chapters = {}
    for path in sorted(directory.glob("floor/*.json")) + sorted(directory.glob("copies/*.json")):
        for name, rows in json.loads(path.read_text(encoding="utf-8")).items():
            if isinstance(rows, list):
                chapters[name] = rows
    return chapters


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"
    yield ""


def size(row):
    return f"{row['width']}x{row['height']}"


def one(row, name, form="{:.1f}"):
    """A figure, or the median of its turns; `-` where the chapter has none."""
    value = row.get(name)
    if isinstance(value, list):
        value = median(value) if value else None
    return "-" if value is None else form.format(value)


def bare_of(row, rows):
    """The hand-written way of the same scene."""
    for other in rows:
        if other["way"] == "bare" and all(other[key] == row[key]
                                          for key in ("to", "width", "height", "format", "depth", "consumers")):
            return other
    return None


def grid(rows, what):
    head = ["size", "ring", "consumers", "to", "way", "p50 us", "p99", "p99.9", f"of {what}", "frames/s", f"of {what}",
            "CPU us, producer", "consumer", "waits"]
    body = []
    for row in rows:
        start = [size(row) + (" rgba16f" if row["format"] == "rgba16_float" else ""), row["depth"], row["consumers"],
                 row["to"], row["way"]]
        if "why" in row:
            body.append(start + [("**failed**: " if row["failed"] else "not measured: ") +
                                 row["why"].splitlines()[0].replace("|", "/")] + [""] * 8)
            continue
        body.append(start + [one(row, "p50_us"), one(row, "p99_us"), one(row, "p99_9_us"),
                             one(row, "latency_ratio_by_turn", "{:.2f}"),
                             one(row, "frames_per_second_by_turn", "{:.0f}"), one(row, "rate_ratio_by_turn", "{:.2f}"),
                             one(row, "producer_cpu_us_by_turn"), one(row, "consumer_cpu_us_by_turn"), row["sync"]])
    return table(head, body)


def judged(name, value, goal, good):
    return [name, value, goal, "met" if good else "**missed**"]


def goals(chapters, directory):
    rows = []
    # Over every scene of every chapter, and not where it happens to look best.
    latencies, costs = {}, {}
    for chapter in ("hand-off", "sizes", "depths", "consumers", "copies"):
        measured = [row for row in chapters.get(chapter, []) if "why" not in row]
        for row in measured:
            beside = bare_of(row, measured)
            if beside is None or not row["way"].startswith(("feed", "geyser")):
                continue
            name = f"Vulkan to {row['to']}, {row['way']} ({row['sync']})"
            turns = zip(row.get("p50_us_by_turn", []), beside.get("p50_us_by_turn", []))
            if ratios := [over / under for over, under in turns if under]:
                latencies.setdefault(name, []).append(median(ratios))
            if "producer_cpu_us_by_turn" in row:
                costs.setdefault(name, []).append(median(row["producer_cpu_us_by_turn"]) -
                                                  median(beside["producer_cpu_us_by_turn"]))
    for what, values, goal, form in (("latency, of bare", latencies, LATENCY_GOAL, "{:.2f}"),
                                     ("CPU more than bare, us", costs, CPU_GOAL_US, "{:+.1f}")):
        for name, all_of in values.items():
            within = sum(value <= goal for value in all_of)
            row = judged(f"{name}: {what}", f"{form.format(median(all_of))} ({form.format(min(all_of))} to "
                         f"{form.format(max(all_of))}, {len(all_of)} scenes)", f"at most {form.format(goal)}",
                         within == len(all_of))
            rows.append(row if within in (0, len(all_of)) else row[:3] + [f"met in {within} of {len(all_of)}"])
    by_way = {}
    for row in chapters.get("sizes", []):
        if "why" not in row:
            by_way.setdefault(row["way"], []).append((row["width"] * row["height"], median(row["p50_us_by_turn"]), size(row)))
    for way, values in by_way.items():
        values.sort()
        flat = values[-1][1] / values[0][1]
        rows.append(judged(f"{way}: latency at {values[-1][2]}, of {values[0][2]}", f"{flat:.2f}",
                           f"within {FLAT_GOAL}, either way", 1 / FLAT_GOAL <= flat <= FLAT_GOAL))
    copies = [row for row in chapters.get("copies", []) if "why" not in row]
    for (where, form), (latency, rate) in COPY_GOALS.items():
        here = {row["way"]: row for row in copies if size(row) == where and row["format"] == form}
        for copy in ("staging copy", "CUDA IPC"):
            for way in ("feed, recorded", "feed", "geyser, recorded"):
                if copy not in here or way not in here:
                    continue
                times = median(here[copy]["p50_us_by_turn"]) / median(here[way]["p50_us_by_turn"])
                rates = (median(here[way]["frames_per_second_by_turn"]) /
                         median(here[copy]["frames_per_second_by_turn"]))
                name = f"{way} at {where} {form}, beside {copy}"
                goal = copy == "staging copy"
                for what, value, least in (("latency", times, latency), ("rate", rates, rate)):
                    row = judged(f"{name}: {what}, times", f"{value:.1f}", f"at least {least}", value >= least)
                    rows.append(row if goal else row[:2] + ["-", "-"])
    barriers = [row for row in chapters.get("barriers", []) if "why" not in row]
    if barriers:
        touching = [f"{row['texture']} {size(row)}" for row in barriers if row["touches_texels"]]
        rows.append(judged("barriers that touch texels", ", ".join(touching) or "none", "none", not touching))
    late = log_of(directory / "late", "late_gpu")
    if late:
        frames = re.search(r"late_gpu: (\d+) frames", late)
        good = "[  PASSED  ] 1 test" in late and "NOT APPLICABLE" not in late
        rows.append(judged("frames of a late GPU, whole, without a CPU that waits", frames.group(1) if frames else "0",
                           "all", good))
    return rows


def counts(text):
    def count(word):
        return sum(int(n) for n in re.findall(rf"\[  {word}\s*\] (\d+) test", text))
    return count("PASSED"), count("SKIPPED"), count("FAILED")


def suites(directory, runs):
    rows, bad, missing = [], [], []
    for part in PARTS:
        if part not in runs:
            missing.append(f"part `{part}`: not run")
            continue
        for label, code, seconds, why in runs[part]:
            if code is None:
                missing.append(f"`{label}`: {why}")
                continue
            text = log_of(directory / part, label)
            passed, skipped, failed = counts(text)
            state = "passed" if code == 0 else "**timed out**" if code == 124 else f"**status {code}**"
            rows.append([part, label, state, passed or "-", skipped or "-", failed or "-", f"{seconds:.1f}"])
            if code:
                bad.append(f"`{label}`: {state.strip('*')}")
                bad += [f"`{label}`: {line}" for line in
                        dict.fromkeys(re.findall(r"^\[  FAILED  \] (\S+?),? ", text, re.MULTILINE))]
            missing += [f"`{label}`: {line}" for line in
                        re.findall(r"^(NOT (?:RUN|COMPARED|MEASURED|APPLICABLE): .*)$", text, re.MULTILINE)]
            missing += [f"`{label}`: skipped {line}" for line in
                        dict.fromkeys(re.findall(r"^\[  SKIPPED \] (\S+\.\S+) \(", text, re.MULTILINE))]
    return rows, list(dict.fromkeys(bad)), list(dict.fromkeys(missing))


def block(text, most=60):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    yield "```"
    yield from lines[-most:]
    yield "```"
    yield ""


def plots(directory, results, stem):
    copied = []
    for path in sorted(directory.glob("*/*.svg")):
        (results / stem).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, results / stem / path.name)
        copied.append(path.name)
    return copied


def picture(stem, copied, name):
    return [f"![{name}]({stem}/{name}.svg)", ""] if f"{name}.svg" in copied else []


def floor_pages(chapters, stem, copied):
    told = {"hand-off": ("Hand-off", "bare"), "sizes": ("Over size", "bare"), "depths": ("Over the ring's depth", "bare"),
            "consumers": ("Over consumers", "bare"), "copies": ("Beside copies", "feed, recorded")}
    if chapters:
        yield from ["## Beside what can be written by hand", "",
                    "`geyser-bench-floor`; what is measured, and how, is at the head of bench/floor/main.cpp. Latency is one "
                    "frame at a time, the rate as fast as it goes; ratios are within a turn, medians of the turns. \"bare\" "
                    "is hand-written Vulkan or CUDA with GPU waits.", ""]
    for name, (title, base) in told.items():
        if name in chapters:
            yield from [f"### {title}", ""]
            yield from picture(stem, copied, f"floor-{name}")
            yield from grid(chapters[name], base)
    if "set-up" in chapters:
        yield from ["### Set-up", "", "Microseconds of one call, two devices in one process.", ""]
        yield from table(["what", "size", "ring", "way", "p50", "p90"],
                         [[row.get("what", "-"), size(row) if "width" in row else row.get("why", ""), row.get("depth", ""),
                           row.get("way", ""), one(row, "p50_us"), one(row, "p90_us")] for row in chapters["set-up"]])
        for row in chapters["set-up"]:
            if "hits" in row:
                yield (f"* Import cache, {row['kind']}: {row['hits']} of {row['count']} parcels that came again were hits; "
                       f"{row['uncached']} could not be cached." +
                       (" Descriptors of this driver's opaque memory all look alike; those of dma-bufs and of shared "
                        "memory do not." if row["uncached"] else ""))
        yield ""
    if "barriers" in chapters:
        yield from ["### The barriers of begin and end on the GPU", "",
                    "Microseconds between two timestamps with nothing, a plain barrier, and release with acquire between "
                    "them, after a clear; and a submission of them beside an empty one.", ""]
        yield from table(["texture", "size", "nothing", "plain", "Geyser", "submission, of an empty one", "touches texels"],
                         [[row["texture"], size(row)] + ([row["why"]] + [""] * 4 if "why" in row else
                          [one(row, "nothing_us", "{:.2f}"), one(row, "plain_us", "{:.2f}"), one(row, "geyser_us", "{:.2f}"),
                           one(row, "submission_ratio", "{:.2f}"), "**yes**" if row["touches_texels"] else "no"])
                          for row in chapters["barriers"] if "texture" in row])


def page(directory, results):
    machine = dict(line.split("=", 1) for line in (directory / "machine").read_text(encoding="utf-8").splitlines())
    device = machine["gpu"] or "no GPU"
    stem = re.sub(r"[^a-z0-9.]+", "-", device.lower()).strip("-")
    copied = plots(directory, results, stem)
    runs = {part: read_runs(directory / part) for part in PARTS if (directory / part).is_dir()}
    chapters = figures_of(directory)
    rows, bad, missing = suites(directory, runs)
    for chapter in chapters.values():
        for row in chapter:
            if "why" in row:
                where = f"{row['way']} to {row['to']}" if "to" in row else row.get("texture", "a chapter")
                (bad if row.get("failed") else missing).append(f"{where}: {row['why'].splitlines()[0]}")
    bad, missing = list(dict.fromkeys(bad)), list(dict.fromkeys(missing))
    yield stem
    yield from [f"# {device}", "", f"Written by `tools/gpu-proof`, {machine['date']}, commit {machine['commit']}.", ""]
    yield "Versions: " + "; ".join(filter(None, [
        f"driver {device.rsplit(', ', 1)[-1]}" if ", " in device else "", machine["cuda"], machine["system"],
        machine["layer"], f"compute-sanitizer {machine['sanitizer']}" if machine["sanitizer"] else "",
        machine["compiler"], f"{machine['processors']} processors"])) + "."
    yield ""
    judged_rows = goals(chapters, directory)
    if judged_rows:
        yield from ["## Goals", ""]
        yield from table(["what", "measured", "goal", ""], judged_rows)
    good = sum(row[2] == "passed" for row in rows)
    yield from ["## What ran", "",
                f"{good} of {len(rows)} programs passed; in them {sum(row[3] for row in rows if row[3] != '-')} GoogleTest "
                f"cases passed and {sum(row[4] for row in rows if row[4] != '-')} were skipped. The contract suite's ends "
                "have the validation layer with synchronisation validation on; a message fails its test.", ""]
    yield from table(["part", "program", "", "passed", "skipped", "failed", "seconds"], rows)
    yield from ["### Not passed", ""] + (["* " + line for line in bad] or ["Nothing."]) + [""]
    yield from ["### Not run, and why", ""] + (["* " + line for line in missing] or ["Nothing."]) + [""]
    if "late" in runs:
        yield from ["## A GPU that is late", ""]
        yield from block("\n".join(re.findall(r"^late_gpu: (.*)$", log_of(directory / "late", "late_gpu"), re.MULTILINE)))
    if "faults" in runs:
        yield from ["## Fault table", ""]
        for label, code, _, _ in runs["faults"]:
            if code is not None:
                yield from [f"{label}:", ""]
                yield from block(log_of(directory / "faults", label), 40)
    if any(label.startswith("memcheck_") for label, *_ in runs.get("memcheck", [])):
        yield from ["## compute-sanitizer", ""]
        for label, code, _, _ in runs["memcheck"]:
            if code is not None:
                summary = re.findall(r"ERROR SUMMARY: .*", log_of(directory / "memcheck", label))
                yield f"* {label}: {'; '.join(dict.fromkeys(summary)) or 'no summary'}"
        yield ""
    if "demo" in runs:
        yield from ["## The demo", ""]
        told = []
        for label, code, _, _ in runs["demo"]:
            lines = [line for line in log_of(directory / "demo", label).splitlines() if "p50" in line]
            told.append([label.removeprefix("demo_"), "passed" if code == 0 else "**failed**", lines[-1].split("; last frame")[0] if lines else "-"])
        yield from table(["from, to, fence", "", "hand-off"], told)
    yield from floor_pages(chapters, stem, copied)
    if "bench" in runs:
        yield from ["## One texture in lock-step, and streams in host memory", ""]
        for label, code, _, _ in runs["bench"]:
            if code is not None:
                yield from [f"`geyser-bench-{label}`:", ""]
                yield from block(log_of(directory / "bench", label), 120)
        for name in ("latency", "hand_off", "fan_out", "first_frame"):
            yield from picture(stem, copied, name)


def main():
    directory, results = (pathlib.Path(word) for word in sys.argv[1:3])
    stem, *lines = page(directory, results)
    results.mkdir(parents=True, exist_ok=True)
    # Where the parts were is nobody's business.
    text = "\n".join(lines).rstrip().replace(str(directory), "DIRECTORY") + "\n"
    (results / f"{stem}.md").write_text(text, encoding="utf-8")
    print(results / f"{stem}.md")


if __name__ == "__main__":
    main()
