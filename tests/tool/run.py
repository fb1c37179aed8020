#!/usr/bin/env python3
"""The program geyser as people use it: run.py PROGRAM TEST. Every test has a runtime directory of its own."""
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import stopping

PROGRAM = sys.argv[1]
TIME = 60 * int(os.environ.get("GEYSER_PATIENCE", 1))


def run(*words, code=0):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=TIME)
    assert done.returncode == code, f"{words}: status {done.returncode}, expected {code}\n{done.stdout}{done.stderr}"
    return done


def says(*words, code, error):
    text = run(*words, code=code).stderr
    assert error in text, f"{words}: expected [{error}] in\n{text}"
    assert text.count("\n") <= 2, f"{words}: more than a sentence:\n{text}"


class Publishing:
    """A publisher in the background, up when entered, interrupted when left."""

    def __init__(self, *words):
        self.words = words

    def __enter__(self):
        self.process = stopping.start(PROGRAM, "publish", *self.words)
        assert self.process.stdout.readline().startswith("Publishing"), "the publisher does not start"
        return self.process

    def __exit__(self, *_):
        stopping.stop(self.process)
        assert self.process.wait(TIME) == 0, f"the publisher left with {self.process.returncode}"


def read_png(path):
    """Width, height and rows of RGBA; all five filters of the PNG specification."""
    data = pathlib.Path(path).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 6), (depth, colour)
        if kind == b"IDAT":
            packed += body
        at += 12 + length
    raw, stride, before, rows = zlib.decompress(packed), width * 4, bytes(width * 4), []
    for y in range(height):
        line = raw[y * (stride + 1):(y + 1) * (stride + 1)]
        row = bytearray(line[1:])
        for i in range(stride):
            left = row[i - 4] if i >= 4 else 0
            up, corner = before[i], before[i - 4] if i >= 4 else 0
            guess = left + up - corner
            near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            row[i] = (row[i] + (0, left, up, (left + up) // 2, near)[line[0]]) & 255
        rows.append(bytes(row))
        before = row
    return width, height, rows


def texel(picture, x, y):
    return tuple(picture[2][y][x * 4:x * 4 + 3])


def test_doctor():
    report = json.loads(run("doctor", "--json").stdout)
    names = [one["backend"] for one in report["backends"]]
    assert "host" in names, names
    for one in report["backends"]:
        assert one["opens"] or (one["problem"] and one["cure"]), one
    opened = [one["backend"] for one in report["backends"] if one["opens"]]
    assert len(report["pairs"]) == len(opened) ** 2, "every pair has a line"
    for pair in report["pairs"]:
        assert pair["shares"], pair
        assert pair["agreement"]["path"] == "zero_copy" or pair["cure"], pair
        for rung in pair["agreement"]["rungs"]:
            assert rung["chosen"] or rung["reason"], rung
    assert report["runtime_directory"]["usable"]
    text = run("doctor", "-v").stdout
    assert "What can be shared" in text and "not opaque_fd:" in text, text
    says("doctor", "--format", "nonsense", code=1, error="There is no format [nonsense]")


def test_list():
    assert "No feeds" in run("list").stdout
    assert json.loads(run("list", "--json").stdout) == []
    with Publishing("camera", "--size", "64x48", "--fps", "50", "--application", "studio", "-b", "host"):
        (feed,) = json.loads(run("list", "--json").stdout)
        assert (feed["name"], feed["application"]) == ("camera", "studio"), feed
        assert (feed["texture"]["width"], feed["texture"]["height"]) == (64, 48), feed
        assert feed["frame_rate"] == [50000, 1000], feed
        assert "camera" in run("list").stdout
        with Publishing("secret", "--private", "-b", "host"):
            assert "secret" not in run("list").stdout
            run("snapshot", "secret", "secret.png", "-b", "host")
    assert json.loads(run("list", "--json").stdout) == []


def test_watch():
    watch = stopping.start(PROGRAM, "list", "--watch", "--json")
    time.sleep(0.2)
    with Publishing("camera", "-b", "host"):
        assert json.loads(watch.stdout.readline())["change"] == "added"
    event = json.loads(watch.stdout.readline())
    assert (event["change"], event["feed"]["name"]) == ("removed", "camera"), event
    stopping.stop(watch)
    assert watch.wait(TIME) == 0


def is_drawn_by_wgsl(picture):
    """As the shader of examples/webgpu_publisher.cpp has it: green to the right, blue upwards, rings of red."""
    assert picture[:2] == (640, 480), picture[:2]
    reds = set()
    for x in range(4, 640, 53):
        for y in range(4, 480, 59):
            red, green, blue = texel(picture, x, y)
            reds.add(red)
            wanted = ((x + 0.5) / 640 * 255, (1 - (y + 0.5) / 480) * 255)
            assert abs(green - wanted[0]) < 2 and abs(blue - wanted[1]) < 2, (x, y, red, green, blue)
    assert min(reds) < 40 and max(reds) > 215, sorted(reds)


def test_webgpu_example():
    """On each Vulkan driver that Dawn can use here; whoever looks is on the same one, or is not Vulkan."""
    for driver in (None, os.environ.get("GEYSER_SWIFTSHADER")):
        if driver is not None:
            os.environ["VK_DRIVER_FILES"] = driver
        example = subprocess.Popen([sys.argv[3], "3000"])
        try:
            end = time.monotonic() + TIME
            while not json.loads(run("list", "--json").stdout):
                assert example.poll() is None and time.monotonic() < end, f"no feed on {driver}"
                time.sleep(0.05)
            for sink in ("host", "vulkan", "opengl", "webgpu"):
                run("snapshot", "webgpu", "wgsl.png", "-b", sink)
                is_drawn_by_wgsl(read_png("wgsl.png"))
            report = run("inspect", "webgpu", "-b", "vulkan").stdout
            assert "path zero_copy, handle opaque_fd" in report and "copied     0 bytes" in report, report
        finally:
            example.kill()
            example.wait(TIME)
        with Publishing("webgpu", "-b", "host"):  # takes its name, and what it left behind
            pass
        os.environ.pop("VK_DRIVER_FILES", None)


def test_snapshot():
    backends = [one["backend"].split()[0] for one in json.loads(run("doctor", "--json").stdout)["backends"] if one["opens"]]
    # Every pair is the contract suites'; here each reads what it wrote, and what it writes and reads crosses memory of the host's.
    for source in dict.fromkeys(backends):
        with Publishing("card", "--size", "160x120", "-b", source):
            for sink in dict.fromkeys(backends if source == "host" else [source, "host"]):
                run("snapshot", "card", "card.png", "-b", sink)
                picture = read_png("card.png")
                assert picture[:2] == (160, 120)
                corners = [texel(picture, x, y) for x, y in ((2, 2), (157, 2), (2, 117), (157, 117))]
                assert corners == [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)], (source, sink, corners)
    for kind in ("bgra8_unorm", "rgba16_float", "rgb10a2_unorm", "rgba8_srgb"):
        with Publishing("card", "--size", "160x120", "-b", "host", "--format", kind):
            run("snapshot", "card", "card.png", "-b", "host")
            assert texel(read_png("card.png"), 2, 2) == (255, 0, 0), kind
    with Publishing("card", "--size", "160x120", "-b", "host", "--bottom-left"):
        run("snapshot", "card", "card.png", "-b", "host")
        assert texel(read_png("card.png"), 2, 2) == (0, 0, 255), "a picture whose first row is its lowest"
    with Publishing("card", "--size", "160x120", "-b", "host", "--format", "rgba16_float"):
        done = subprocess.run([PROGRAM, "snapshot", "card", "card.exr", "-b", "host"], capture_output=True, text=True)
        if done.returncode == 0:
            assert pathlib.Path("card.exr").read_bytes()[:4] == b"\x76\x2f\x31\x01"
        else:
            assert "without OpenEXR" in done.stderr, done.stderr
        run("snapshot", "card", "no/such/place.png", "-b", "host", code=5)
    assert not list(pathlib.Path(".").glob("*.part")), "nothing half-written is left"


def test_pictures():
    with Publishing("card", "--size", "64x64", "-b", "host"):
        run("snapshot", "card", "one.png", "-b", "host")
    with Publishing("still", "--picture", "one.png", "-b", "host"):
        run("snapshot", "still", "two.png", "-b", "host")
    assert read_png("one.png") == read_png("two.png")
    with Publishing("many", "--pictures", ".", "-b", "host"):
        run("snapshot", "many", "three.png", "-b", "host")
    assert read_png("one.png") == read_png("three.png")
    pathlib.Path("no.png").write_text("not a picture")
    says("publish", "x", "--picture", "no.png", "-b", "host", code=5, error="is no picture that can be read")
    says("publish", "x", "--picture", "missing.png", "-b", "host", code=5, error="is not there")
    says("publish", "x", "--pictures", "missing", "-b", "host", code=5, error="has no PNG or JPEG")


def test_inspect():
    with Publishing("card", "--size", "64x48", "--fps", "100", "-b", "host"):
        report = json.loads(run("inspect", "card", "--json", "-b", "host").stdout)
        assert report["state"] == "live", report
        assert report["agreement"]["path"] == "zero_copy", report["agreement"]
        assert report["layout"]["handle_kind"] == "host_memory", report["layout"]
        assert 20 < report["measured_frame_rate"] < 130, report["measured_frame_rate"]
        text = run("inspect", "card", "-b", "host").stdout
        assert "path zero_copy" in text and "ring of 4" in text, text


def expect_golden(name, text):
    """Compares with golden/NAME.txt; GEYSER_WRITE_GOLDEN=1 writes it, for review."""
    changing = [(r"llvmpipe \(LLVM [^)]*\)", "DEVICE"), (r"(?:llvmpipe )?Mesa [^\n]*", "MESA"), (r"process \d+", "process N"),
                (r"[\d.]+ measured, frame \d+", "N measured, frame N"), (r"(host +)\d+\n", r"\1PID\n"),
                (re.escape(os.environ["GEYSER_RUNTIME_DIR"]), "DIRECTORY"), (r" +\n", "\n")]
    for pattern, word in changing:
        text = re.sub(pattern, word, text)
    golden = pathlib.Path(__file__).resolve().parent / "golden" / f"{name}.txt"
    if os.environ.get("GEYSER_WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text(), f"not as in {golden.name}:\n{text}"


def test_golden():
    with Publishing("camera", "--size", "64x48", "--fps", "50", "--application", "studio", "-b", "host"):
        expect_golden("list", run("list").stdout)
        expect_golden("inspect", run("inspect", "camera", "-b", "host").stdout)
    opened = json.loads(run("doctor", "--json").stdout)["backends"]
    software = [one["backend"] for one in opened if one["opens"] and "llvmpipe" in json.dumps(one)]
    if len(software) == 3 and len([one for one in opened if one["opens"]]) == 4:
        # Why there is no CUDA differs: no library, or one without a device.
        lines = run("doctor").stdout.splitlines(keepends=True)
        cuda = next((i for i, line in enumerate(lines) if line.startswith("  no   cuda")), len(lines))
        expect_golden("doctor", "".join(lines[:cuda] + lines[cuda + 2:]))
    else:
        print("NOT RUN: doctor's output is known for llvmpipe in Vulkan, OpenGL and OpenGL ES, and here is", opened)


def corners_of(picture, left, top, width, height):
    places = ((2, 2), (width - 3, 2), (2, height - 3), (width - 3, height - 3))
    return [texel(picture, left + x, top + y) for x, y in places]


CORNERS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]


def test_view():
    if "view" not in run("--help").stdout:
        return print("NOT RUN: built without GLFW or OpenGL")
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    blind = subprocess.run([PROGRAM, "view", "card"], capture_output=True, text=True, env=environment, timeout=TIME)
    assert blind.returncode == 6 and "no display" in blind.stderr, blind
    says("view", "--headless", code=1, error="name the feed")
    says("view", "nothing", "--headless", "--timeout", "0.2", code=2, error="There is no feed [nothing]")
    with Publishing("card", "--size", "160x120", "-b", "host"):
        # Wider than the picture: bars at its sides; then higher: above and below.
        run("view", "card", "--headless", "--size", "400x240", "--frames", "5", "--screenshot", "wide.png")
        assert corners_of(read_png("wide.png"), 40, 0, 320, 240) == CORNERS
        assert texel(read_png("wide.png"), 10, 100) == (0, 0, 0)
        run("view", "card", "--headless", "--size", "160x200", "--screenshot", "high.png")
        assert corners_of(read_png("high.png"), 0, 40, 160, 120) == CORNERS
    for words in (("--bottom-left",), ("--format", "rgba8_srgb"), ("--format", "bgra8_unorm"), ("--format", "rgba16_float")):
        with Publishing("card", "--size", "160x120", "-b", "host", *words):
            run("view", "card", "--headless", "--size", "160x120", "--screenshot", "view.png")
            corners = corners_of(read_png("view.png"), 0, 0, 160, 120)
            upside = [CORNERS[2], CORNERS[3], CORNERS[0], CORNERS[1]]
            assert corners == (upside if words[0] == "--bottom-left" else CORNERS), (words, corners)


def test_window():
    if "view" not in run("--help").stdout:
        return print("NOT RUN: built without GLFW or OpenGL")
    reading, writing = os.pipe()
    try:
        server = subprocess.Popen(["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24"],
                                  pass_fds=[writing], stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return print("NOT RUN: there is no Xvfb")
    try:
        os.environ["DISPLAY"] = ":" + os.read(reading, 16).decode().strip()
        with Publishing("card", "--size", "160x120", "-b", "vulkan" if "vulkan" in run("doctor").stdout else "host"):
            # The first feed there is, in a window, with figures over it.
            run("view", "--size", "320x240", "--frames", "20", "--screenshot", "window.png")
            assert corners_of(read_png("window.png"), 0, 0, 320, 240) == CORNERS
            run("view", "card", "--size", "320x240", "--frames", "5", "--statistics", "--screenshot", "figures.png")
            rows = read_png("figures.png")[2]
            lit = sum(row[i:i + 3] == b"\xff\xff\xff" for row in rows[20:70] for i in range(80, 1000, 4))
            assert lit > 100, "no text over the picture"
    finally:
        server.terminate()
        server.wait(TIME)


def test_spout():
    assert "No Spout senders" in run("spout", "list").stdout
    assert json.loads(run("spout", "list", "--json").stdout) == []
    says("spout", "receive", "nobody", code=6, error="No Spout sender is named [nobody]; there are [none].")
    says("spout", "send", code=1, error="feed is required")


def test_mistakes():
    says("snapshott", code=1, error="do you mean [snapshot]?")
    says("nonsense", code=1, error="there are: doctor")
    says("publish", code=1, error="name is required")
    says("publish", "x", "-b", "volkan", code=1, error="would work: vulkan" if "vulkan" in
         run("doctor", "--json").stdout else "There is no backend [volkan]")
    says("publish", "x", "--format", "rgba8_unrom", "-b", "host", code=1, error="rgba8_unorm")
    says("publish", "x", "--size", "big", "-b", "host", code=1, error="Size [big] is none")
    says("publish", "x" * 200, "-b", "host", code=1, error="at most [128]")
    says("snapshot", "card", "card.gif", "-b", "host", code=1, error="ends neither")
    says("snapshot", "card", "card.png", "-b", "host", "--timeout", "0.2", code=2, error="There is none at all")
    with Publishing("camera", "-b", "host"):
        says("snapshot", "camrea", "c.png", "-b", "host", "--timeout", "0.2", code=2, error="Do you mean [camera]?")
        says("publish", "camera", "-b", "host", code=1, error="is taken by [geyser]")
        with Publishing("camera", "--suffix", "-b", "host"):
            assert "camera (2)" in run("list").stdout
    opens = [one["backend"].split()[0] for one in json.loads(run("doctor", "--json").stdout)["backends"] if one["opens"]]
    if "vulkan" in opens:
        with Publishing("camera", "-b", "vulkan"):
            says("snapshot", "camera", "c.png", "-b", "host", "--forbid", "host_copy", "--forbid", "host_linear", code=4,
                 error="host_memory")
    with Publishing("camera", "-b", "host") as stopped:
        stopped.send_signal(signal.SIGSTOP)
        says("snapshot", "camera", "c.png", "-b", "host", "--timeout", "0.3", code=3, error="may have stopped")
        stopped.send_signal(signal.SIGCONT)
    if stopping.WINDOWS:
        return print("NOT RUN: modes of directories; Windows has access lists, which test_directory looks at")
    os.chmod(os.environ["GEYSER_RUNTIME_DIR"], 0o777)
    says("publish", "x", "-b", "host", code=5, error="chmod 700")
    os.chmod(os.environ["GEYSER_RUNTIME_DIR"], 0o700)


def test_completion():
    script = run("completion", "bash").stdout
    pathlib.Path("completion").write_text(script)
    done = subprocess.run(["bash", "-c", ". ./completion; COMP_WORDS=(geyser sn); COMP_CWORD=1; _geyser; "
                           "echo ${COMPREPLY[*]}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "snapshot", done
    assert "complete -c geyser" in run("completion", "fish").stdout
    assert "#compdef geyser" in run("completion", "zsh").stdout
    assert run("--version").stdout.startswith("geyser ")
    assert "doctor" in run("--help").stdout


def main(tests):
    global PROGRAM
    with tempfile.TemporaryDirectory() as place:
        PROGRAM = os.path.abspath(PROGRAM)
        os.chdir(place)
        os.mkdir("feeds", 0o700)
        os.environ["GEYSER_RUNTIME_DIR"] = os.path.join(place, "feeds")
        tests[f"test_{sys.argv[2]}"]()
        assert os.listdir("feeds") == [], f"left behind: {os.listdir('feeds')}"


if __name__ == "__main__":
    main(globals())
