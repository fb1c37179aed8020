#!/usr/bin/env python3
"""initramfs.py KERNEL BUSYBOX INIT OUT MODULE...: a file system for the first seconds of a virtual machine.

KERNEL is a Debian kernel package, unpacked. Modules go in with what they depend on, in the order in which they are
to be loaded; modules/list names them. A kernel that has one built in needs no file for it.
"""
import gzip
import lzma
import pathlib
import re
import stat
import subprocess
import sys


def contents(path: pathlib.Path) -> bytes:
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    return path.read_bytes()


class Modules:
    """Module names are equal whether they are written with - or _."""

    def __init__(self, kernel: pathlib.Path):
        directory = next(d for top in ("lib", "usr/lib") for d in kernel.glob(f"{top}/modules/*") if d.is_dir())
        files = [p for p in (directory / "kernel").rglob("*.ko*") if p.is_file()]
        self.files = {self.name(p.name.split(".ko")[0]): p for p in files}
        self.built_in = {self.name(pathlib.PurePosixPath(line).stem)
                         for line in (directory / "modules.builtin").read_text().splitlines()}
        self.loaded: dict[str, bytes] = {}

    @staticmethod
    def name(text: str) -> str:
        return text.replace("-", "_")

    def load(self, module: str) -> None:
        module = self.name(module)
        if module in self.loaded or module in self.built_in:
            return
        if module not in self.files:
            sys.exit(f"initramfs: the kernel has no module [{module}]")
        code = contents(self.files[module])
        found = re.search(rb"\0depends=([^\0]*)\0", code)
        for other in found.group(1).decode().split(",") if found and found.group(1) else []:
            self.load(other)
        self.loaded[module] = code


class Archive:
    """cpio in the format that kernels unpack, "newc"."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.count = 0

    def add(self, name: str, mode: int, data: bytes = b"") -> None:
        self.count += 1
        fields = (self.count, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        self.bytes += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        self.pad()
        self.bytes += data
        self.pad()

    def pad(self) -> None:
        self.bytes += bytes(-len(self.bytes) % 4)


def main() -> None:
    kernel, busybox, init, out = (pathlib.Path(argument) for argument in sys.argv[1:5])
    modules = Modules(kernel)
    for module in sys.argv[5:]:
        modules.load(module)
    archive = Archive()
    for directory in ("bin", "dev", "proc", "sys", "root", "modules"):
        archive.add(directory, stat.S_IFDIR | 0o755)
    archive.add("init", stat.S_IFREG | 0o755, init.read_bytes())
    archive.add("bin/busybox", stat.S_IFREG | 0o755, busybox.read_bytes())
    archive.add("modules/list", stat.S_IFREG | 0o644, "\n".join([*modules.loaded, ""]).encode())
    for name, code in modules.loaded.items():
        archive.add(f"modules/{name}", stat.S_IFREG | 0o644, code)
    archive.add("TRAILER!!!", 0)
    out.write_bytes(gzip.compress(bytes(archive.bytes), 1))
    print(f"initramfs: {out.name}, {out.stat().st_size} bytes, modules {' '.join(modules.loaded) or 'none'}")


if __name__ == "__main__":
    main()
