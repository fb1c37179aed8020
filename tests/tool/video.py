#!/usr/bin/env python3
"""geyser publish --video and geyser record: video.py PROGRAM TEST UNEVEN_PUBLISHER."""
import contextlib
import json
import os
import pathlib
import random
import resource
import signal
import struct
import subprocess
import sys
import time
import wave

sys.dont_write_bytecode = True
import run as tool  # noqa: E402
from run import Publishing, read_png, run, says, texel  # noqa: E402

UNEVEN = os.path.abspath(sys.argv[3])
BACKEND = ("-b", "host")
BARS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255), (255, 255, 255), (0, 0, 0)]
# VP8 is what Debian's base and good plugins can both write and read.
NO_H264 = {"GST_PLUGIN_FEATURE_RANK": "x264enc:NONE,openh264enc:NONE"}


@contextlib.contextmanager
def environment(values):
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def record(feed, file, *words):
    return json.loads(run("record", feed, file, "--json", *BACKEND, *words).stdout)


def recorded(file, *words, frames=10):
    """A file with the test card in it."""
    with Publishing("card", "--size", "160x120", "--fps", "60", *BACKEND, *words):
        with environment(NO_H264):
            return record("card", file, "--frames", str(frames))


def near(pixel, wanted, by=16):
    return all(abs(one - other) <= by for one, other in zip(pixel, wanted))


def length_of(file):
    """As GStreamer's own program measures it; of an MP4 whose codec it lacks, as its movie header says (mvhd)."""
    text = subprocess.run(["gst-discoverer-1.0", file], capture_output=True, text=True, timeout=tool.TIME).stdout
    lines = [line for line in text.splitlines() if "Duration:" in line]
    if not lines and "Missing plugins" in text:
        with open(file, "rb") as stream:
            header = stream.read().split(b"mvhd")[1]
        assert header[0] == 0, "version 1"
        scale, duration = struct.unpack(">II", header[12:20])
        return duration / scale
    hours, minutes, seconds = lines[0].split("Duration:")[1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def pictures_of(file, width, height):
    """Every picture of it, decoded by GStreamer's own program."""
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={file}", "!", "decodebin", "!", "videoconvert", "!",
                    f"video/x-raw,format=RGBA,width={width},height={height}", "!", "filesink", "location=decoded"],
                   check=True, timeout=tool.TIME)
    data = pathlib.Path("decoded").read_bytes()
    row = width * 4
    assert len(data) % (row * height) == 0, (len(data), width, height)
    return [(width, height, [data[at + y * row:at + (y + 1) * row] for y in range(height)])
            for at in range(0, len(data), row * height)]


def is_card(picture, upright=True):
    width, height = picture[:2]
    top = [texel(picture, x, 6) for x in (6, width - 7)]
    bottom = [texel(picture, x, height - 7) for x in (6, width - 7)]
    wanted = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
    found = top + bottom if upright else bottom + top
    row = height * 5 // 8 if upright else height * 3 // 8
    found += [texel(picture, width * i // 8 + width // 16, row) for i in range(8)]
    assert all(map(near, found, wanted + BARS)), found


def played(file):
    """The program's own picture of a file, and the facts that it states."""
    with Publishing("again", "--video", file, "--loop", *BACKEND):
        run("snapshot", "again", "again.png", *BACKEND)
        (feed,) = json.loads(run("list", "--json").stdout)
    return read_png("again.png"), feed


def nothing_half_written():
    assert not list(pathlib.Path(".").rglob("*.part")), "something half-written is left"


def test_round_trip():
    for words in ((), ("--bottom-left",), ("--format", "bgra8_unorm"), ("--format", "rgba16_float"),
                  ("--format", "rgba8_srgb")):
        summary = recorded("card.webm", *words)
        assert (summary["width"], summary["height"], summary["frames"]) == (160, 120, 10), summary
        assert summary["bytes"] == os.path.getsize("card.webm"), summary
        picture, feed = played("card.webm")
        is_card(picture, upright="--bottom-left" not in words)
    assert feed["frame_rate"] == [60, 1], feed
    assert (feed["texture"]["width"], feed["texture"]["height"]) == (160, 120), feed
    assert (feed["texture"]["color_primaries"], feed["texture"]["transfer_characteristics"]) == (1, 13), feed
    assert feed["texture"]["alpha"] == "opaque", feed
    for file in ("card.mkv", "card.avi"):
        recorded(file)
        is_card(played(file)[0])
        is_card(pictures_of(file, 160, 120)[-1])
    # The matrix goes by the size; an odd width and height are filled up.
    with Publishing("card", "--size", "1281x721", "--fps", "30", *BACKEND), environment(NO_H264):
        assert record("card", "large.webm", "--frames", "2")["width"] == 1282
    is_card(pictures_of("large.webm", 1282, 722)[-1])
    # H.264 can be written where it cannot be read.
    with Publishing("card", "--size", "160x120", "--fps", "60", *BACKEND):
        summary = record("card", "card.mp4", "--frames", "10")
    assert summary["kind"] == "H.264 in MP4", summary
    assert abs(length_of("card.mp4") - summary["seconds"]) < 0.05, summary
    done = subprocess.run([tool.PROGRAM, "publish", "x", "--video", "card.mp4", *BACKEND], capture_output=True,
                          text=True, timeout=tool.TIME)
    if done.returncode == 6 and "H.264" in done.stderr:
        return print("NOT RUN: there is no decoder for H.264")
    is_card(played("card.mp4")[0])
    # A telephone held upright: the file's matrix says how it is turned.
    data = bytearray(pathlib.Path("card.mp4").read_bytes())
    matrix = data.find(b"tkhd") + 44
    data[matrix:matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in
                                        (0, 65536, 0, -65536, 0, 0, 120 << 16, 0, 1 << 30))
    pathlib.Path("turned.mp4").write_bytes(data)
    picture = played("turned.mp4")[0]
    assert picture[:2] == (120, 160), picture[:2]
    assert near(texel(picture, 6, 6), (0, 0, 255)) and near(texel(picture, 113, 6), (255, 0, 0)), "turned wrongly"


def uneven(file, *words):
    publisher = subprocess.Popen([UNEVEN, "uneven"], stdout=subprocess.PIPE, text=True)
    assert publisher.stdout.readline().startswith("Publishing")
    with environment(NO_H264):
        done = run("record", "uneven", file, "--json", *BACKEND, *words)
    assert publisher.wait(tool.TIME) == 0
    return json.loads(done.stdout), done.stderr


def test_times():
    # By the feed's stated rate it would be 0.4 s.
    summary, said = uneven("uneven.webm")
    assert summary["ended"] == "feed ended", summary
    assert summary["frames"] + summary["missed"] == 20, summary
    assert summary["seconds"] > 1.85, summary
    assert abs(length_of("uneven.webm") - summary["seconds"]) < 0.05, (length_of("uneven.webm"), summary)
    # The size that it changed to is scaled into the file's, with bars.
    assert "is 96x96 now; it is scaled into the file's 64x48" in said, said
    pictures = pictures_of("uneven.webm", 64, 48)
    assert len(pictures) == summary["frames"], len(pictures)
    assert near(texel(pictures[0], 32, 24), (255, 0, 0)) and near(texel(pictures[0], 1, 24), (255, 0, 0))
    assert near(texel(pictures[-1], 32, 24), (0, 0, 255)) and near(texel(pictures[-1], 1, 24), (0, 0, 0), 30)
    # A constant rate, as AVI needs it anyway.
    for file, words, rate in (("even.webm", ("--fps", "20"), 20), ("even.avi", (), 50)):
        summary, _ = uneven(file, *words)
        pictures = pictures_of(file, 64, 48)
        assert abs(len(pictures) - summary["seconds"] * rate) < 1, (file, len(pictures), summary)
        red = sum(texel(picture, 32, 24)[0] > 128 for picture in pictures)
        assert abs(red / rate - 1) < 0.5, f"{file}: the first second has {red} pictures"
        assert abs(length_of(file) - summary["seconds"]) < 1.5 / rate, (file, length_of(file), summary)
    with Publishing("card", "--size", "64x48", "--fps", "50", *BACKEND):
        summary = record("card", "second.webm", "--seconds", "1")
    assert (summary["ended"], summary["seconds"]) == ("seconds", 1), summary
    assert abs(length_of("second.webm") - 1) < 0.05, length_of("second.webm")


def test_loop():
    recorded("card.webm", frames=20)
    run("publish", "once", "--video", "card.webm", *BACKEND)  # ends with its file
    with Publishing("endless", "--video", "card.webm", "--loop", *BACKEND):
        assert record("endless", "long.webm", "--seconds", "1.5")["ended"] == "seconds"
    # At the right speed with another rate.
    with Publishing("slow", "--video", "card.webm", "--fps", "10", "--loop", *BACKEND):
        (feed,) = json.loads(run("list", "--json").stdout)
        assert feed["frame_rate"] == [10000, 1000], feed
    started = time.monotonic()
    run("publish", "slow", "--video", "card.webm", "--fps", "2", *BACKEND)
    assert time.monotonic() - started < 6, "20 pictures at 2 each second: it was played in slow motion"


def test_files():
    def refuses(file, code=5, error=""):
        says("publish", "x", "--video", file, *BACKEND, code=code, error=error)

    refuses("missing.webm", error="[missing.webm] is not there")
    refuses(".", error="is no file")
    pathlib.Path("text.mp4").write_text("This is no video.\n" * 100)
    refuses("text.mp4", error="it is no video that GStreamer knows")
    pathlib.Path("empty.mkv").touch()
    refuses("empty.mkv", error="it is no video that GStreamer knows")
    with wave.open("sound.wav", "wb") as sound:
        sound.setparams((1, 2, 8000, 8000, "NONE", ""))
        sound.writeframes(bytes(16000))
    refuses("sound.wav", error="it has no pictures")
    # Cut off and broken files end, with a sentence or as far as they go.
    chance = random.Random(3)
    for file in ("card.webm", "card.mkv", "card.avi"):
        recorded(file, frames=30)
        whole = pathlib.Path(file).read_bytes()
        broken = bytearray(whole)
        for _ in range(20):
            broken[chance.randrange(200, len(broken))] = chance.randrange(256)
        for name, data in (("cut", whole[:len(whole) // 10]), ("half", whole[:len(whole) // 2]), ("broken", broken)):
            path = pathlib.Path(f"{name}-{file}")
            path.write_bytes(data)
            done = subprocess.run([tool.PROGRAM, "publish", "x", "--video", path, *BACKEND], capture_output=True,
                                  text=True, timeout=tool.TIME)
            assert done.returncode in (0, 5) and done.stderr.count("\n") == (done.returncode != 0), (path, done)
            if name == "half":
                assert done.returncode == 0 and "Publishing" in done.stdout, "its first half can be seen"
    # What cannot be written is told before anybody waits for a feed.
    says("record", "card", "card.gif", *BACKEND, code=1, error="ends in one of .webm, .mkv, .mp4, .avi")
    says("record", "card", "no/such/place.webm", *BACKEND, code=5, error="No such file or directory")
    says("record", "card", "text.mp4/card.webm", *BACKEND, code=5, error="Not a directory")
    os.mkdir("place.webm")
    says("record", "card", "place.webm", *BACKEND, code=5, error="there is a directory")
    os.mkdir("closed", 0o500)
    if os.geteuid() != 0:
        says("record", "card", "closed/card.webm", *BACKEND, code=5, error="Permission denied")
    says("record", "card", "none.webm", "--timeout", "0.2", *BACKEND, code=2, error="There is no feed [card]")
    with Publishing("speck", "--size", "8x8", *BACKEND):
        says("record", "speck", "speck.webm", *BACKEND, code=4, error="sides have 16 to")
    assert not os.path.exists("none.webm") and not os.path.exists("speck.webm")
    nothing_half_written()


def test_codecs():
    recorded("card.webm")
    for off, what in (("vp8dec:NONE,avdec_vp8:NONE", "VP8 decoder"), ("matroskademux:NONE", "WebM demuxer")):
        with environment({"GST_PLUGIN_FEATURE_RANK": off}):
            says("publish", "x", "--video", "card.webm", *BACKEND, code=6,
                 error=f"GStreamer has no [{what}] here.; would work: the package gstreamer1.0-plugins-good")
    with environment(NO_H264):
        says("record", "card", "card.mp4", *BACKEND, code=6,
             error="no encoder here for a file like [card.mp4].; would work: the package gstreamer1.0-plugins-ugly")
        with Publishing("card", "--size", "64x48", *BACKEND):
            assert record("card", "card.mkv", "--frames", "5")["kind"] == "VP8 in Matroska"
    with environment({"GST_PLUGIN_FEATURE_RANK": "vp8enc:NONE"}):
        says("record", "card", "card.webm", *BACKEND, code=6, error="the package gstreamer1.0-plugins-good")
    nothing_half_written()


def test_interrupt():
    for number, kind in ((signal.SIGINT, "interrupted"), (signal.SIGTERM, "interrupted"), (signal.SIGKILL, "feed ended")):
        file = f"{kind}-{number}.webm"
        publisher = subprocess.Popen([tool.PROGRAM, "publish", "card", "--size", "64x48", "--fps", "50", *BACKEND],
                                     stdout=subprocess.PIPE, text=True)
        assert publisher.stdout.readline().startswith("Publishing")
        recorder = subprocess.Popen([tool.PROGRAM, "record", "card", file, "--json", *BACKEND], stdout=subprocess.PIPE,
                                    text=True)
        end = time.monotonic() + tool.TIME
        draft = pathlib.Path(file + ".part")
        while not (draft.exists() and draft.stat().st_size > 0):
            assert time.monotonic() < end and recorder.poll() is None, "the recording does not start"
            time.sleep(0.01)
        assert not os.path.exists(file), "it gets its name when it is whole"
        (publisher if kind == "feed ended" else recorder).send_signal(number)
        text = recorder.communicate(timeout=tool.TIME)[0]
        assert recorder.returncode == 0, recorder.returncode
        summary = json.loads(text)
        assert summary["ended"] == kind, summary
        assert abs(length_of(file) - summary["seconds"]) < 0.05, (length_of(file), summary)
        assert len(pictures_of(file, 64, 48)) == summary["frames"], summary
        publisher.kill()
        publisher.wait(tool.TIME)
        nothing_half_written()
    run("list")  # clears away what the killed publishers left


def test_space():
    def little_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # write() fails instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (200000, 200000))

    pathlib.Path("card.avi").write_text("what was there before")
    with Publishing("card", "--size", "160x120", "--fps", "200", *BACKEND):
        done = subprocess.run([tool.PROGRAM, "record", "card", "card.avi", *BACKEND], capture_output=True, text=True,
                              timeout=tool.TIME, preexec_fn=little_room, restore_signals=False)
    assert done.returncode == 5 and "cannot be written: " in done.stderr, done
    assert done.stderr.count("\n") == 1, done.stderr
    assert pathlib.Path("card.avi").read_text() == "what was there before"
    nothing_half_written()


if "without GStreamer" in subprocess.run([tool.PROGRAM, "record", "x", "x.webm", "--timeout", "0"], capture_output=True, text=True).stderr:
    says("publish", "x", "--video", "x.webm", *BACKEND, code=4, error="this build is without GStreamer")
    print("NOT RUN: built without GStreamer")
else:
    tool.main(globals())
