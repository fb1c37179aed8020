#!/usr/bin/env python3
"""tools/outside/dawn_result.py VERSIONS TITLE=LOG...: docs/results/dawn.md of what Dawn's own tests print."""

import collections
import datetime
import pathlib
import re
import subprocess
import sys

# What Dawn prints is the condition in its source.
REASONS = {
    "SupportsFeatures": "the device lacks a feature that the configuration needs",
    "drmProperties.hasRender": "no DRM render node",
    "IsVulkan": "Dawn has it not on Vulkan",
    "SupportsConcurrentRead": "no concurrent reads",
    "IsSwiftshader": "Dawn leaves it out on SwiftShader",
}


def cases(log):
    """(name, result, reason) of each case; a later try replaces an earlier one."""
    found = {}
    name, said = None, []
    for line in log.read_text(errors="replace").splitlines():
        if match := re.match(r"\[ RUN      \] (\S+)", line):
            name, said = match.group(1), []
        elif match := re.match(r"\[\s+(OK|SKIPPED|FAILED)\s+\] (\S+) \(", line):
            result = {"OK": "passed", "SKIPPED": "skipped", "FAILED": "failed"}[match.group(1)]
            found[match.group(2)] = (result, why(said, result))
            name = None
        elif line == "GEYSER: stopped" and name is not None:
            found[name] = ("stopped", why(said, "stopped"))
        else:
            said.append(line.strip())
    return found


def why(said, result):
    if result == "passed":
        return ""
    for line in said:
        if match := re.search("Test (?:unsupported|suppressed): (.*)", line):
            return next((text for key, text in REASONS.items() if key in line), match.group(1))
    errors = [line for line in said if re.search(r"ErrorType::|Failure|^Error", line)]
    if errors:
        return re.sub(r".*ErrorType::\w+, ", "", errors[-1])
    return "without a word"


def configuration(name):
    match = re.search(r"Backend_(.*)_LayerCount", name)
    return match.group(1).replace("__", ", ") if match else "(none)"


def section(title, log):
    found = cases(log)
    counts = collections.Counter(result for result, _ in found.values())
    print(f"\n## {title}\n\n" + ", ".join(f"{counts[result]} {result}" for result in sorted(counts)) +
          f", of {len(found)} cases that were begun.\n")
    rows = collections.defaultdict(collections.Counter)
    reasons = collections.defaultdict(collections.Counter)
    for name, (result, reason) in found.items():
        rows[configuration(name)][result] += 1
        if result == "skipped":
            reasons[configuration(name)][reason] += 1
    print("| memory, fence | passed | failed | skipped, and why |\n|---|---|---|---|")
    for row in sorted(rows):
        skipped = "; ".join(f"{count}: {reason}" for reason, count in reasons[row].most_common())
        print(f"| {row} | {rows[row]['passed']} | {rows[row]['failed']} | {skipped} |")
    print()
    for name, (result, reason) in sorted(found.items()):
        if result == "failed":
            print(f"* failed: `{name}`: {reason}")
        if result == "stopped":
            print(f"* `{name}` ends the test program ({reason}); the rest of this configuration did not run")


def main():
    versions, *logs = sys.argv[1:]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    print(f"# Dawn's own tests of shared textures\n\n`./dev outside dawn`, {datetime.date.today()}, commit "
          f"{commit.stdout.strip()}.\n")
    print("""`dawn_end2end_tests --gtest_filter=*SharedTextureMemory*:*SharedFence*` in the Debian root of `./dev rig forky`. Geyser
has no part in it: what fails or is skipped here is Dawn's or the driver's, and WebGPU cannot do it through Geyser
either ([webgpu.md](../webgpu.md)).""")
    print(f"\nVersions: {versions}.")
    for entry in logs:
        title, log = entry.rsplit("=", 1)
        section(title, pathlib.Path(log))


main()
