#!/usr/bin/env python3
"""tools/outside/piglit_result.py PIGLIT_VERSION TITLE=FOLDER...: docs/results/piglit.md of piglit's results."""

import bz2
import collections
import datetime
import json
import pathlib
import platform
import subprocess
import sys


def load(folder):
    file = next(pathlib.Path(folder).glob("results.json*"))
    return json.loads(bz2.decompress(file.read_bytes()) if file.suffix == ".bz2" else file.read_bytes())["tests"]


def reason(test):
    """The last thing that a case says of itself."""
    if "Test executable not found" in test["out"]:
        return "not in Debian's package"
    lines = [line.strip() for line in (test["out"] + "\n" + test["err"]).splitlines()]
    lines = [line for line in lines if line and not line.startswith("PIGLIT:")]
    return lines[-1] if lines else "without a word"


def listed(names):
    """Cases by their specification."""
    groups = collections.defaultdict(list)
    for name in names:
        specification, case = name.removeprefix("spec@").split("@", 1)
        groups[specification].append(case.removeprefix(f"{specification}-"))
    return "; ".join(f"`{specification}` {', '.join(cases)}" for specification, cases in groups.items())


def section(title, tests):
    print(f"\n## {title}\n")
    counts = collections.Counter()
    parts = 0
    others = collections.defaultdict(lambda: collections.defaultdict(list))
    for name, test in sorted(tests.items()):
        result = test["result"]
        counts[result] += 1
        parts += sum(1 for part in test.get("subtests", {}).values() if part == "pass")
        if result != "pass":
            others[result][reason(test)].append(name)
    print(", ".join(f"{count} {result}" for result, count in sorted(counts.items())) +
          f", of {len(tests)} cases; {parts} parts of cases passed.\n")
    for result in sorted(others):
        for why, names in sorted(others[result].items()):
            print(f"* {result}: {why.rstrip('.')}: {listed(names)}")


def main():
    version, *results = sys.argv[1:]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    print(f"# piglit's cases of shared memory\n\n`./dev outside piglit`, {datetime.date.today()}, commit "
          f"{commit.stdout.strip()}.\n")
    print("""piglit's own programs about GL_EXT_memory_object, GL_EXT_semaphore and EGL_EXT_image_dma_buf_import, which use
Vulkan and OpenGL of one driver side by side. Geyser has no part in them: what fails or is missing here is the driver's,
and so are those of Geyser's refusals that say the same (tests/contract/refusals).""")
    print(f"\nVersions: piglit {version}; "
          f"{platform.freedesktop_os_release().get('PRETTY_NAME', 'another system')}; Linux {platform.release()}.")
    for entry in results:
        title, folder = entry.rsplit("=", 1)
        section(title, load(folder))


main()
