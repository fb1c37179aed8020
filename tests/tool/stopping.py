"""Starting a program that will be asked to stop, and asking it: by SIGINT, and on Windows by the event that the program
waits at (tool/win32/stop_event.hpp), because Wine's own SIGINT ends a program by a fault at times."""
import os
import signal
import subprocess

# How to run the program that sets an event; empty on POSIX.
SET_EVENT = os.environ.get("GEYSER_SET_EVENT", "").split()
WINDOWS = bool(SET_EVENT)
started = 0


def start(*words):
    global started
    started += 1
    name = f"geyser-test-stop-{os.getpid()}-{started}"
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "GEYSER_STOP_EVENT": name})
    process.stop_event = name
    return process


def stop(process):
    if WINDOWS:
        subprocess.run([*SET_EVENT, process.stop_event], timeout=60, check=False)
    else:
        process.send_signal(signal.SIGINT)
