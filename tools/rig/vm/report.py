#!/usr/bin/env python3
"""report.py RIG OUT BOOT...: writes what the boots' tests did, from RIG/BOOT/results.xml and guest.log, to OUT; with OUT -
says it in one line for each boot. Exit status 1: a boot ran no test."""
import datetime
import pathlib
import re
import sys
import xml.etree.ElementTree as xml


def first(pattern: str, text: str, otherwise: str = "unknown") -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else otherwise


def system_name() -> str:
    return first(r'^PRETTY_NAME="?([^"\n]*)', pathlib.Path("/etc/os-release").read_text())


def mesa_version() -> str:
    driver = pathlib.Path("build/drivers/mesa25/libvulkan_lvp.so")
    found = re.search(rb"Mesa (\d+\.\d+\.\d+[-~+.\w]*)", driver.read_bytes()) if driver.exists() else None
    return f"mesa25 is Mesa {found.group(1).decode()}" if found else "no mesa25"


class Boot:
    def __init__(self, rig: pathlib.Path, name: str):
        self.name = name
        log = rig / name / "guest.log"
        self.log = log.read_text(errors="replace") if log.exists() else ""
        results = rig / name / "results.xml"
        self.tests = list(xml.parse(results).getroot().iter("testcase")) if results.exists() else []

    def rows(self) -> list[str]:
        rows = []
        for test in self.tests:
            text = test.findtext("system-out") or ""
            status = "passed" if test.get("status") == "run" else test.get("status", "unknown")
            passed = first(r"\[  PASSED  \] (\d+) test", text, "")
            skipped = first(r"\[  SKIPPED \] (\d+) test", text, "0")
            cases = f"{passed} passed, {skipped} skipped" if passed else ""
            rows.append(f"| {test.get('name')} | {status} | {cases} | {float(test.get('time', 0)):.0f} |")
        return rows

    def failures(self) -> int:
        return sum(test.get("status") != "run" for test in self.tests)

    def line(self) -> str:
        """What ran, for who reads a log."""
        texts = [test.findtext("system-out") or "" for test in self.tests]
        passed = sum(int(first(r"\[  PASSED  \] (\d+) test", text, "0")) for text in texts)
        skipped = sum(int(first(r"\[  SKIPPED \] (\d+) test", text, "0")) for text in texts)
        names = " ".join(test.get("name", "") for test in self.tests)
        return (f"vm: boot [{self.name}] on {first(r'^(kernel [^,]*)', self.log)}: {len(self.tests)} test programs "
                f"({names}), {self.failures()} failed; {passed} cases passed, {skipped} skipped")

    def reasons(self) -> list[str]:
        """Why something was skipped, and how often."""
        seen: dict[str, int] = {}
        for test in self.tests:
            for reason in re.findall(r"^NOT (?:RUN|COMPARED): (.*)$", test.findtext("system-out") or "", re.MULTILINE):
                key = f"{test.get('name')}: {reason}"
                seen[key] = seen.get(key, 0) + 1
        return [f"* {reason} ({count})" for reason, count in sorted(seen.items())]


def main() -> None:
    rig, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    boots = [Boot(rig, name) for name in sys.argv[3:]]
    if str(out) == "-":
        for boot in boots:
            print(boot.line())
        sys.exit(0 if all(boot.tests for boot in boots) else 1)
    versions = (rig / "versions").read_text().splitlines() if (rig / "versions").exists() else []
    lines = [
        "# Tests in the virtual machine",
        "",
        "Written by `./dev rig vm`. A processor translated by QEMU, no GPU: software drivers, one modifier (LINEAR), and",
        "fences that these drivers have signalled before they hand them out; late ones are vgem's. What is real is the",
        "kernel: udmabuf, dma-heap, sync files, and in the boot `drm` the buffers of vgem and virtio-gpu.",
        "",
        f"* {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, on {system_name()}",
        *[f"* {version.strip()}" for version in [*versions, mesa_version()]],
    ]
    for boot in boots:
        lines += ["", f"## Boot `{boot.name}`", "",
                  first(r"^(kernel .*)$", boot.log, "The machine did not come up.") + ".", "",
                  f"{len(boot.tests)} test programs, {boot.failures()} failed.", "",
                  "| test | result | cases | seconds |", "|---|---|---|---|", *boot.rows()]
        if reasons := boot.reasons():
            lines += ["", "Not run, with the reason (and how often):", "", *reasons]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines) + "\n")
    print(f"report: {out}")


if __name__ == "__main__":
    main()
