#!/usr/bin/env python3
"""Every selector, C function, constant and enumerator that tests/apple/sdk declares, beside the typings of npm's
@nativescript/macos-node-api, which were generated from Apple's headers: a name that is not there, or has another
value, is an invention and fails.

usage: check_apple_stubs.py TYPINGS [SDK]
"""
import pathlib
import re
import sys

# <objc/NSObject.h> and <mach/*> are Darwin's own, and not among the stubs. UTF8String is a C string, which the typings'
# bridge has no use for and leaves out.
NOT_IN_TYPINGS = {("NSString", "UTF8String")}
# Enumerators of CGL's, whose types have longer names: kCGLPFARendererID is _CGLPixelFormatAttribute.RendererID.
SHORT_NAMES = {"CGLPFA": "_CGLPixelFormatAttribute", "CGLRP": "_CGLRendererProperty", "CGLCP": "_CGLContextParameter",
               "CGLOGLP": "_CGLOpenGLProfile"}
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


def camel(parts: list[str]) -> str:
    """A selector's parts as the typings join them."""
    return parts[0] + "".join(part[:1].upper() + part[1:] for part in parts[1:])


def blocks(text: str, opening: str) -> dict[str, str]:
    """The bodies of declarations such as `declare class NAME ... {`, by name; several of one name are one."""
    found: dict[str, str] = {}
    for match in re.finditer(opening, text):
        end = text.find("\n}", match.end())
        found[match.group(1)] = found.get(match.group(1), "") + text[match.end():end]
    return found


class Typings:
    def __init__(self, directory: pathlib.Path):
        text = "\n".join(p.read_text(encoding="utf-8") for p in sorted(directory.glob("*.d.ts")))
        self.functions = set(re.findall(r"declare function (\w+)\(", text))
        self.constants = set(re.findall(r"declare const (\w+): (?!\{)", text))
        self.enums = {name: {key: int(value) for key, value in re.findall(r"(\w+): (-?\d+),", body)}
                      for name, body in blocks(text, r"declare const (\w+): \{").items()}
        self.types: dict[str, str] = {}
        self.parents: dict[str, list[str]] = {}
        heading = r"declare (?:class|interface) (\w+)[^{\n]*\{"
        self.types = blocks(text, heading)
        for match in re.finditer(r"declare (?:class|interface) (\w+)(?:<[^{]*?>)?([^{\n]*)\{", text):
            self.parents.setdefault(match.group(1), []).extend(re.findall(r"\b([A-Z]\w+)\b", match.group(2)))

    def members(self, name: str) -> set[str]:
        names, seen, todo = set(), set(), [name]
        while todo:
            one = todo.pop()
            if one in seen:
                continue
            seen.add(one)
            names |= set(re.findall(r"^\s*(?:static |readonly )*(\w+)\??[(:<]", self.types.get(one, ""), re.M))
            todo.extend(self.parents.get(one, []))
        return names


def enumerator_problems(text: str, typings: Typings) -> tuple[int, list[str]]:
    count, problems = 0, []
    for name, value in re.findall(r"\bk?((?:MTL|IOSurface|CV|CF|NS|CGL)\w+) = (-?\d+)", text):
        count += 1
        if "k" + name in typings.constants:  # known, and without a value
            continue
        # The typings drop the type's name in front, or a part of it: MTLPixelFormatBGRA8Unorm is
        # MTLPixelFormat.BGRA8Unorm, MTLResourceStorageModeShared MTLResourceOptions.StorageModeShared, MTLTextureType2D
        # MTLTextureType.Type2D.
        candidates = [(enum, "k" + name) for enum, values in typings.enums.items() if "k" + name in values]
        for cut in range(3, len(name)):
            front, key = name[:cut], name[cut:]
            for enum, values in typings.enums.items():
                if key in values and (enum in (front, front + "Options", f"_{front}Error", SHORT_NAMES.get(front)) or
                                      (enum.startswith(front) and name.startswith(enum))):
                    candidates.append((enum, key))
        if not candidates:
            problems.append(f"enumerator {name}: no such one")
        elif all(typings.enums[enum][key] != int(value) for enum, key in candidates):
            right = {typings.enums[enum][key] for enum, key in candidates}
            problems.append(f"enumerator {name}: is {right}, not {value}")
    return count, problems


def member_names(body: str) -> list[str]:
    names = []
    for line in re.split(r";", body):
        line = " ".join(line.split())
        if prop := re.match(r"@property(?:\(([^)]*)\))? .*?(\w+)$", line):
            getter = re.search(r"getter=(\w+)", prop.group(1) or "")
            names.append(prop.group(2))
            if getter:
                names.append(getter.group(1))
        elif method := re.match(r"[-+] ?\(", line):
            # Past the result's type, whose parentheses may nest; blocks' parameters have no colon before them.
            depth, at = 0, method.end() - 1
            for at in range(at, len(line)):
                depth += (line[at] == "(") - (line[at] == ")")
                if depth == 0:
                    break
            rest = line[at + 1:]
            flat, depth = "", 0
            for character in rest:
                depth += character == "("
                if depth == 0:
                    flat += character
                depth -= character == ")"
            parts = re.findall(r"(\w+):", flat)
            names.append(camel(parts) if parts else flat.split()[0])
    return names


def check(sdk: pathlib.Path, typings: Typings) -> tuple[int, list[str]]:
    count, problems = 0, []
    for path in sorted(sdk.rglob("*.h")):
        text = COMMENT.sub("", path.read_text(encoding="utf-8"))
        found, wrong = enumerator_problems(text, typings)
        count += found
        problems += [f"{path.name}: {one}" for one in wrong]
        for name, body in re.findall(r"@(?:interface|protocol) (\w+)[^;\n]*\n(.*?)@end", text, re.S):
            count += 1
            if name not in typings.types:
                problems.append(f"{path.name}: {name}: no such class or protocol")
                continue
            known = typings.members(name)
            for member in member_names(body):
                count += 1
                if member not in known and (name, member) not in NOT_IN_TYPINGS:
                    problems.append(f"{path.name}: {name}: no selector gives [{member}]")
        c_part = re.sub(r"@(?:interface|protocol) \w+[^;\n]*\n.*?@end", "", text, flags=re.S)
        for name in re.findall(r"^[\w<>* ]+?[ *](\w+)\([^()]*\);", c_part, re.M):
            count += 1
            if name not in typings.functions:
                problems.append(f"{path.name}: no function [{name}]")
        for name in re.findall(r"^extern const \w+ (\w+);", c_part, re.M):
            count += 1
            if name not in typings.constants:
                problems.append(f"{path.name}: no constant [{name}]")
    return count, problems


def check_libraries(sdk: pathlib.Path) -> list[str]:
    """What the library stubs export is what the headers declare: neither can have a name of its own."""
    headers = "\n".join(p.read_text(encoding="utf-8") for p in sdk.rglob("*.h"))
    problems = []
    for path in sorted(sdk.rglob("*.framework/*.tbd")):
        text = path.read_text(encoding="utf-8")
        for kind, names in re.findall(r"(symbols|objc-classes): +\[([^\]]*)\]", text):
            for name in filter(None, re.split(r"[,\s]+", names)):
                bare = name[1:] if kind == "symbols" else name
                if not re.search(rf"\b{re.escape(bare)}\b", headers):
                    problems.append(f"{path.name}: [{bare}] is in no header")
    return problems


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(__file__).resolve().parent.parent
    sdk = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else root / "tests/apple/sdk"
    typings = Typings(pathlib.Path(sys.argv[1]))
    if not typings.functions or not typings.enums:
        print(f"check_apple_stubs: no typings in {sys.argv[1]}", file=sys.stderr)
        return 1
    count, problems = check(sdk, typings)
    problems += check_libraries(sdk)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"check_apple_stubs: {count} names, {len(problems)} problems")
    return 1 if problems or count < 200 else 0


if __name__ == "__main__":
    sys.exit(main())
