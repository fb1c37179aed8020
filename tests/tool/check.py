#!/usr/bin/env python3
"""geyser check and geyser bench: check.py PROGRAM TEST. GEYSER_CHECK_FRAMES makes the sequences longer."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import stopping

PROGRAM = os.path.abspath(sys.argv[1])
FRAMES = os.environ.get("GEYSER_CHECK_FRAMES", "30")
TIME = (120 + int(FRAMES)) * int(os.environ.get("GEYSER_PATIENCE", 1))
FORMATS = ("rgba8_unorm", "bgra8_unorm", "rgba8_srgb", "rgba16_float", "rgb10a2_unorm", "r8_unorm")
SIZE = ("--size", "320x180", "--fps", "200")


def run(*words, code=0):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=TIME)
    assert done.returncode == code, f"{words}: status {done.returncode}, expected {code}\n{done.stdout}{done.stderr}"
    return done


def says(*words, code, error):
    text = run(*words, code=code).stderr
    assert error in text, f"{words}: expected [{error}] in\n{text}"
    assert text.count("\n") <= 2, f"{words}: more than a sentence:\n{text}"


def backends():
    """What opens on this machine. Where a build has a backend that does not open, doctor's own test says so."""
    report = json.loads(run("doctor", "--json").stdout)
    return {one["backend"].split()[0] for one in report["backends"] if one["opens"]}


class Publishing:
    """A publisher in the background, up when entered, interrupted when left."""

    def __init__(self, *words):
        self.words = words

    def __enter__(self):
        self.process = stopping.start(PROGRAM, *self.words)
        assert self.process.stdout.readline().startswith("Publishing"), "the publisher does not start"
        return self.process

    def __exit__(self, *_):
        stopping.stop(self.process)
        self.process.wait(TIME)
        self.process.stdout.close()


def pair(source, sink, *words, frames=FRAMES, code=0):
    """The evidence of one pair."""
    done = run("check", "pair", "--from", source, "--to", sink, "--frames", frames, "--json", *SIZE, *words, code=code)
    return json.loads(done.stdout)


def failed(evidence):
    return [one["name"] for one in evidence["checks"] if not one["passed"]]


def test_self():
    trials = json.loads(run("check", "self-test", "--json").stdout)["trials"]
    assert all(one["passed"] for one in trials), [one for one in trials if not one["passed"]]
    assert len(trials) > 500, len(trials)
    faults = {one["fault"] for one in trials}
    assert {"none", "mirrored", "upside_down", "red_blue", "alpha_lost", "twice", "number_lies", "missing", "torn",
            "row_off", "stride_wrong", "one_bit", "stale", "user_bytes_lost", "gamma_twice"} <= faults, faults
    for fault, words in (("mirrored", "columns mirrored"), ("torn", "and on belong to frame"),
                         ("red_blue", "red and blue exchanged"), ("stale", "shows the picture of frame")):
        assert any(words in one["seen"] for one in trials if one["fault"] == fault), fault


def test_pairs():
    there = backends()
    for source, sink in (("host", "host"), ("vulkan", "opengl"), ("opengl", "vulkan"), ("vulkan", "host")):
        if not {source, sink} <= there:
            print(f"NOT RUN: {source} to {sink}; there are {', '.join(sorted(there))}")
            continue
        evidence = pair(source, sink)
        assert evidence["verdict"] == "pass" and not failed(evidence), evidence
        assert evidence["figures"]["frames"] == int(FRAMES), evidence["figures"]
        assert evidence["figures"]["texels"] == int(FRAMES) * 320 * 180, evidence["figures"]
        assert (evidence["feed"]["api"], evidence["receiver"]["api"]) == (source, sink), evidence
        assert evidence["publisher"]["frames_published"] == int(FRAMES), evidence["publisher"]
    text = run("check", "pair", "--from", "host", "--to", "host", "--frames", "5", *SIZE).stdout
    assert "PASS: 5 frames as they were sent" in text and "pass  orientation" in text, text


def test_formats():
    sink = "vulkan" if "vulkan" in backends() else "host"
    for kind in FORMATS:
        evidence = pair(sink, sink, "--format", kind, frames="4")
        assert evidence["verdict"] == "pass", evidence
        assert evidence["feed"]["texture"]["format"] == kind, evidence["feed"]
    evidence = pair("host", "host", "--bottom-left")
    assert evidence["verdict"] == "pass" and evidence["feed"]["texture"]["origin"] == "bottom_left", evidence
    evidence = pair("host", "host", "--latest")
    assert evidence["verdict"] == "pass" and evidence["mode"] == "latest", evidence


def test_faults():
    """Faults sent through a real feed, with what is left behind."""
    for fault, check, words in (("mirrored", "orientation", "columns mirrored"),
                                ("red_blue", "channel_order", "red and blue exchanged"),
                                ("torn", "tearing", "rows 90 and on belong to frame 0"),
                                ("stale", "numbering", "shows the picture of frame 2"),
                                ("one_bit", "pixels", "(one bit)")):
        evidence = pair("host", "host", "--fault", fault, "--evidence", f"{fault}.json", "--save-failures", fault,
                        frames="4", code=7)
        assert evidence["verdict"] == "fail" and failed(evidence) == [check], (fault, failed(evidence))
        assert words in evidence["sentence"], evidence["sentence"]
        written = json.loads(pathlib.Path(f"{fault}.json").read_text())
        assert written["sentence"] == evidence["sentence"], written
        assert evidence["saved"] == [f"{fault}/frame-1-received.png", f"{fault}/frame-1-expected.png"], evidence["saved"]
        for name in evidence["saved"]:
            assert pathlib.Path(name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n", name
    says("check", "pair", "--from", "host", "--to", "host", "--frames", "3", *SIZE, "--path", "host_copy", code=7,
         error="the path is zero_copy, not host_copy")


def test_evidence():
    evidence = pair("host", "host", "--evidence", "evidence.json")
    assert list(evidence) == ["verdict", "sentence", "geyser", "mode", "feed", "receiver", "agreement", "checks",
                              "figures", "saved", "publisher"], list(evidence)
    written = json.loads(pathlib.Path("evidence.json").read_text())
    del evidence["publisher"]
    assert written == evidence
    assert [one["name"] for one in evidence["checks"]] == [
        "orientation", "channel_order", "pixels", "tearing", "numbering", "order", "metadata", "latency", "agreement"]
    for one in evidence["checks"]:
        assert list(one) == ["name", "passed", "frames_failed", "seen", "first_failed"], one
    assert list(evidence["figures"]) == [
        "frames", "texels", "frames_missing", "frames_overwritten", "seconds", "frames_per_second", "latency_us",
        "bytes_copied", "connections"], evidence["figures"]
    assert list(evidence["figures"]["latency_us"]) == ["frames", "p50", "p99", "max"], evidence["figures"]
    assert set(evidence["receiver"]) == {"api", "device", "driver"}, evidence["receiver"]
    assert set(evidence["agreement"]) == {"path", "handle_kind", "sync_tier", "fence_kind", "rungs", "sync_rungs"}
    for rung in evidence["agreement"]["rungs"]:
        assert rung["chosen"] or rung["reason"], rung
    says("check", "pair", "--from", "host", "--to", "host", "--frames", "3", *SIZE, "--evidence", "no/such/place.json",
         code=5, error="[no/such/place.json] cannot be written")


def test_mistakes():
    says("check", code=1, error="geyser check publish, receive, pair, self-test")
    says("check", "recieve", "x", code=1, error="do you mean [receive]?")
    says("check", "receive", code=1, error="feed is required")
    says("check", "receive", "nothing", "-b", "host", "--timeout", "0.2", code=2, error="There is no feed [nothing]")
    says("check", "publish", "x", "-b", "host", "--fault", "mirored", code=1, error="would work: mirrored")
    says("check", "publish", "x", "-b", "host", "--size", "8x8", code=4, error="at least [16] rows and columns")
    says("check", "publish", "x", "-b", "host", "--format", "rgba8", code=1, error="would work: r")
    says("check", "publish", "x", "-b", "host", "--fault", "turned_90", code=1, error="cannot have the fault")
    says("check", "publish", "x", "-b", "host", "--subscribers", "1", "--timeout", "0.1", code=3,
         error="Only [0] of [1] subscribers have come")
    says("check", "pair", "--from", "hots", "--to", "host", code=1, error="would work: host")
    says("check", "pair", "--from", "host", "--to", "hots", code=1, error="would work: host")
    with Publishing("publish", "card", "-b", "host"):
        says("check", "receive", "card", "-b", "host", code=7, error="[card] of [geyser] has no pictures to check")
        says("check", "receive", "crad", "-b", "host", "--timeout", "0.2", code=2, error="Do you mean [card]?")


def receive(*words):
    return subprocess.Popen([PROGRAM, "check", "receive", *words, "-b", "host", "--json"], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def test_ends():
    """What a receiver says when its publisher goes, stops, or finishes."""
    with Publishing("check", "publish", "code", "-b", "host", "--subscribers", "1") as publisher:
        receiver = receive("code", "--frames", "0")
        while json.loads(run("inspect", "code", "--json", "-b", "host", "--seconds", "0.1").stdout)["frame"] < 10:
            pass
        publisher.send_signal(signal.SIGKILL)
        output, _ = receiver.communicate(timeout=TIME)
        assert receiver.returncode == 0, "until the feed ends, however it ends"
        assert json.loads(output)["figures"]["frames"] >= 9, output
    for stop, words in ((signal.SIGKILL, "the feed ended"), (signal.SIGSTOP, "no further frame came in time")):
        with Publishing("check", "publish", "code", "-b", "host", "--subscribers", "1") as publisher:
            receiver = receive("code", "--frames", "1000000", "--timeout", "1")
            while json.loads(run("inspect", "code", "--json", "-b", "host", "--seconds", "0.1").stdout)["frame"] < 10:
                pass
            publisher.send_signal(stop)
            output, error = receiver.communicate(timeout=TIME)
            assert receiver.returncode == 3, (receiver.returncode, error)
            evidence = json.loads(output)
            assert evidence["verdict"] == "incomplete" and not failed(evidence), evidence
            assert f"INCOMPLETE: {words} after" in error, error
            publisher.send_signal(signal.SIGCONT)
    # Who asks for more than there will be gets all there is, and that is right.
    with Publishing("check", "publish", "code", "-b", "host", "--subscribers", "1", "--frames", "12"):
        receiver = receive("code", "--frames", "100")
        output, error = receiver.communicate(timeout=TIME)
        assert receiver.returncode == 0 and json.loads(output)["figures"]["frames"] == 12, (output, error)


def test_bench():
    report = json.loads(run("bench", "--from", "host", "--to", "host", "--size", "64x64", "--fps", "200", "--seconds",
                            "0.3", "-n", "2", "--every", "--json").stdout)
    assert list(report) == ["options", "publisher", "subscribers"], list(report)
    assert report["publisher"]["frames_published"] == 60, report["publisher"]
    assert len(report["subscribers"]) == 2, report
    for one in report["subscribers"]:
        assert (one["api"], one["path"]) == ("host", "zero_copy"), one
        assert one["frames_read"] + one["frames_missed"] >= 60, one
        latency = one["latency_us"]
        assert 0 < latency["p50"] <= latency["p99"] <= latency["p99_9"] <= latency["max"], latency
    text = run("bench", "--from", "host", "--to", "host", "--size", "64x64", "--seconds", "0.1").stdout
    assert "64x64 rgba8_unorm by host" in text and "zero_copy" in text, text
    says("bench", "--from", "hots", code=1, error="would work: host")
    says("bench", "--from", "host", "--to", "hots", code=1, error="would work: host")
    says("bench", "--from", "host", "--to", "host", "--size", "big", code=1, error="Size [big] is none")


with tempfile.TemporaryDirectory() as place:
    os.chdir(place)
    os.mkdir("feeds", 0o700)
    os.environ["GEYSER_RUNTIME_DIR"] = os.path.join(place, "feeds")
    globals()[f"test_{sys.argv[2]}"]()
    assert os.listdir("feeds") == [], f"left behind: {os.listdir('feeds')}"
