#!/usr/bin/env python3
"""The README's C++ is the example's, word for word. With --write it is put there."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"```cpp\n(.*?)```", re.DOTALL)


def main() -> int:
    example = (ROOT / "examples/vulkan_to_opengl.cpp").read_text(encoding="utf-8")
    code = example[example.index("void produce("):example.index("int main()")].rstrip() + "\n"
    readme_path = ROOT / "README.md"
    readme = readme_path.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        readme = BLOCK.sub(lambda _: f"```cpp\n{code}```", readme, count=1)
        readme_path.write_text(readme, encoding="utf-8")
    found = BLOCK.search(readme)
    if not found or found.group(1) != code:
        print("README.md: the C++ differs from examples/vulkan_to_opengl.cpp; run tools/check_readme.py --write")
        return 1
    print(f"README.md: {len(code.splitlines())} lines of C++ are the example's")
    return 0


if __name__ == "__main__":
    sys.exit(main())
