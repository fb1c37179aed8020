#!/usr/bin/env python3
"""What is written for Windows alone once more, with Clang for the same target: it warns of other things. Syntax only;
the rest Clang compiles for Linux."""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build/windows")
# What is of Windows whole; elsewhere it is what has win32 in its path.
OWN = ("src/dxgi", "src/d3d11", "src/d3d12", "src/spout", "src/opengl", "src/webgpu", "tests/wgl", "tests/windows", "tests/d3d11", "tests/d3d12", "tests/spout")


def command_of(entry: dict) -> list[str] | None:
    source = pathlib.Path(entry["file"])
    whole = any(ROOT / part in source.parents for part in OWN)
    if source.suffix != ".cpp" or "win32" not in source.as_posix() and not whole:
        return None
    words = shlex.split(entry["command"])
    compiler = next(i for i, word in enumerate(words) if word.endswith("g++-posix"))
    own = pathlib.Path(subprocess.check_output([words[compiler], "-print-file-name=include"], text=True).strip())
    kept = [f"-isystem{own / 'c++' / part}" for part in ("", "x86_64-w64-mingw32", "backward")]
    skip = False
    for word in words[compiler + 1:]:
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MT", "-include"):  # what GCC has precompiled Clang cannot read
            skip = True
        elif word not in ("-c", "-MD", "-Winvalid-pch", "-Wno-maybe-uninitialized", "-fno-keep-inline-dllexport"):
            kept.append(word)
    return ["clang++-16", "--target=x86_64-w64-mingw32", "-fsyntax-only", "-Werror", *kept]


def check(entry: dict) -> str:
    command = command_of(entry)
    if command is None:
        return ""
    done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr + f"clang_check: {entry['file']} fails\n"


def main() -> int:
    entries = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [text for text in pool.map(check, entries) if text]
    sys.stderr.write("".join(problems))
    count = sum(1 for entry in entries if command_of(entry))
    print(f"clang_check: {count} sources, {len(problems)} with problems")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main())
