#!/usr/bin/env python3
"""What a rig's run says, as a page for docs/results: versions, date, counts, and everything that was not run."""
import argparse
import datetime
import platform
import re
import subprocess
import xml.etree.ElementTree as ElementTree


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def system():
    with open("/etc/os-release", encoding="utf-8") as release:
        return re.search(r'^PRETTY_NAME="?(.*?)"?$', release.read(), re.MULTILINE).group(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("junit", help="what ctest --output-junit wrote")
    parser.add_argument("--title", required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--note", default="")
    parser.add_argument("--version", action="append", default=[])
    parser.add_argument("--system", default=system(), help="whose programs ran, where it is not this one's")
    arguments = parser.parse_args()

    rows, missing, failed = [], [], []
    for case in ElementTree.parse(arguments.junit).getroot().iter("testcase"):
        name, status, text = case.get("name"), case.get("status"), case.findtext("system-out") or ""
        count = lambda word: sum(int(n) for n in re.findall(rf"\[  {word}\s*\] (\d+) test", text))
        rows.append((name, status, count("PASSED"), count("SKIPPED"), float(case.get("time"))))
        missing += [f"`{name}`: {line}" for line in re.findall(r"^(NOT (?:RUN|COMPARED): .*)$", text, re.MULTILINE)]
        if status not in ("run",):
            failed.append(f"`{name}`: {status}")

    print(f"# {arguments.title}\n")
    print(f"`{arguments.command}`, {datetime.date.today().isoformat()}, commit {output('git', 'rev-parse', '--short', 'HEAD')}.\n")
    if arguments.note:
        print(arguments.note + "\n")
    versions = arguments.version + [arguments.system, "Linux " + platform.release()]
    print("Versions: " + "; ".join(versions) + ".\n")
    good = sum(status == "run" for _, status, *_ in rows)
    print(f"{good} of {len(rows)} test programs passed; in them {sum(r[2] for r in rows)} GoogleTest cases passed "
          f"and {sum(r[3] for r in rows)} were skipped.\n")
    print("## Not passed\n\n" + ("\n".join("* " + line for line in failed) or "Nothing.") + "\n")
    print("## Not run, and why\n\n" + ("\n".join("* " + line for line in dict.fromkeys(missing)) or "Nothing.") + "\n")
    print("## Programs\n\n| program | cases passed | skipped | seconds |\n|---|---|---|---|")
    for name, status, passed, skipped, seconds in rows:
        print(f"| {name} | {passed or '-' if status == 'run' else '**' + status + '**'} | {skipped} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
