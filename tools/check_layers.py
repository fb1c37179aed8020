#!/usr/bin/env python3
"""Who may include whom, and no #ifdef on an operating system outside src/platform (docs/architecture.md)."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A layer may include itself and these. Public headers (<geyser/...>) are checked by PUBLIC below.
LAYERS = {
    "platform": {"common"},          # common/text.hpp only; see TEXT_ONLY
    "common": set(),
    "host": {"common", "platform"},
    "wire": {"common"},
    "ipc": {"common", "platform"},
    "surface": {"common", "platform"},
    "vulkan": {"common", "platform", "surface"},
    "opengl": {"common", "platform", "surface"},
    "webgpu": {"common", "platform", "dxgi", "surface"},
    "cuda": {"common", "platform"},
    "gbm": {"common", "platform"},
    "metal": {"common", "platform", "surface"},
    "dxgi": {"common", "platform"},
    "d3d11": {"common", "dxgi", "platform"},
    "d3d12": {"common", "dxgi", "platform"},
    "spout": {"common", "platform"},
    "syphon": {"common", "platform", "surface"},
    "cgl": {"common", "surface"},
    "xpc": {"common", "surface", "wire"},
    "stream": {"common", "platform"},
}
TEXT_ONLY = {("platform", "common"): {"common/text.hpp"}}

# Which public headers each layer may use beyond the common ones.
PUBLIC = {
    "host": {"host"}, "wire": {"wire", "feed"}, "ipc": {"wire", "channel"}, "vulkan": {"vulkan"}, "opengl": {"cgl", "d3d11", "opengl"},
    "webgpu": {"webgpu"},
    "cuda": {"cuda"},
    "gbm": {"gbm"},
    "metal": {"core_video", "metal"},
    "d3d11": {"d3d11"},
    "d3d12": {"d3d12"},
    "spout": {"spout", "d3d11"},
    "syphon": {"syphon"},
    "xpc": {"wire", "feed", "xpc"},
    "cgl": {"cgl"},
    "stream": {"wire", "channel", "directory", "feed", "frame", "publisher", "subscriber"},
}
COMMON = {
    "capabilities", "descriptor", "dma_buf", "error", "export", "fence", "format", "geyser", "handle", "identity",
    "import_cache", "layout",
    "manager", "negotiate", "picture_transform", "texture", "version",
}
OS_MACRO = re.compile(r"^\s*#\s*(?:el)?if.*\b(_WIN32|WIN32|__linux__|__APPLE__|__unix__|__MINGW32__|_MSC_VER)\b")
INCLUDE = re.compile(r'^\s*#\s*(?:include|import)\s+([<"])([^>"]+)[>"]')
LIMIT = {".hpp": 250, ".cpp": 600, ".mm": 600}


def check(path: pathlib.Path) -> list[str]:
    problems = []
    relative = path.relative_to(ROOT)
    layer = relative.parts[1] if relative.parts[0] == "src" else None
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) > LIMIT[path.suffix]:
        problems.append(f"{relative}: {len(lines)} lines, at most {LIMIT[path.suffix]}")
    for number, line in enumerate(lines, 1):
        where = f"{relative}:{number}"
        if OS_MACRO.match(line) and layer != "platform" and relative.name != "export.hpp":
            problems.append(f"{where}: an operating system's macro outside src/platform")
        found = INCLUDE.match(line)
        if not found:
            continue
        bracket, target = found.groups()
        if target.startswith("geyser/"):
            name = pathlib.PurePosixPath(target).stem
            allowed = COMMON | PUBLIC.get(layer, set())
            if layer and name not in allowed:
                problems.append(f"{where}: layer {layer} includes <{target}>")
            if bracket == '"':
                problems.append(f"{where}: public headers are included with <>")
        elif layer and bracket == '"' and "/" in target:
            other = target.split("/")[0]
            if other in LAYERS and other != layer and other not in LAYERS.get(layer, set()):
                problems.append(f"{where}: layer {layer} includes {target}")
            exact = TEXT_ONLY.get((layer, other))
            if exact and target not in exact:
                problems.append(f"{where}: layer {layer} may include only {', '.join(sorted(exact))}")
    return problems


def main() -> int:
    files = [p for top in ("include", "src") for p in sorted((ROOT / top).rglob("*"))
             if p.suffix in LIMIT]
    if not files:
        print("check_layers: no sources found", file=sys.stderr)
        return 1
    problems = [problem for path in files for problem in check(path)]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"check_layers: {len(files)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
