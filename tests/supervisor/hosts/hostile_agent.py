"""An agent that does not want to die: `python hostile_agent.py MODE FILE`.

Each of its processes notes its pid in FILE, so that a test knows what there was without asking ennio. All
of them end by themselves after 20 seconds at the latest.
"""

import ctypes
import os
import signal
import sys
import time

MODE, FILE = sys.argv[1:3]
UNTIL = time.time() + 20


def note() -> None:
    descriptor = os.open(FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b"%d\n" % os.getpid())
    os.close(descriptor)


def live() -> None:
    note()
    while time.time() < UNTIL:
        time.sleep(0.5)
    os._exit(0)


def deaf() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def child(*steps):
    if os.fork() == 0:
        for step in steps:
            step()
        os._exit(0)


def daemon(*steps):
    child(os.setsid, lambda: child(*steps))
    os.wait()


def scrub() -> None:
    """Become a program without any environment, any descriptor and any folder that would tell."""
    deaf()
    note()
    os.closerange(0, 64)
    os.chdir("/")
    os.execve("/bin/sleep", ["sleep", "20"], {})


def stop_self() -> None:
    note()
    os.kill(os.getpid(), signal.SIGSTOP)


def multiply() -> None:
    """Fork for ever, each child in a session of its own; bounded by a count that all share."""
    deaf()
    note()
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()
            note()
    live()


def run_away() -> None:
    """Fork, leave the session and exit, for ever: it never has the same pid for long."""
    deaf()
    while time.time() < UNTIL:
        if os.fork():
            os._exit(0)
        os.setsid()
        note()


def until_noted() -> None:
    """Wait until somebody else has noted its pid, and do so too."""
    while not os.path.exists(FILE) and time.time() < UNTIL:
        time.sleep(0.01)
    note()


def to_the_holder(number: int):
    return lambda: os.kill(os.getppid(), number)


def adopt() -> None:
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


MODES = {
    "live": [live],
    "deaf": [deaf, live],
    "child": [lambda: child(live), live],
    "deaf child": [deaf, lambda: child(live), live],
    "orphan": [lambda: child(lambda: child(deaf, live)), os.wait, live],
    "other group": [lambda: child(os.setpgrp, deaf, live), live],
    "other session": [lambda: child(os.setsid, deaf, live), live],
    "daemon": [lambda: daemon(live), live],
    "deaf daemon left behind": [lambda: daemon(deaf, live), lambda: time.sleep(0.2)],
    "stopped": [lambda: child(stop_self, live), live],
    "stopped in a session of its own": [lambda: child(os.setsid, stop_self, live), live],
    "all stopped": [lambda: child(stop_self, live), stop_self, live],
    "scrubbed": [lambda: daemon(scrub), live],
    "scrubbed and left behind": [lambda: daemon(scrub), lambda: time.sleep(0.2)],
    "its own subreaper": [adopt, lambda: daemon(deaf, live), live],
    "bomb": [multiply],
    "its holder killed": [deaf, lambda: daemon(deaf, live), until_noted, to_the_holder(signal.SIGKILL), live],
    "its holder killed and left behind": [
        lambda: daemon(scrub),
        until_noted,
        lambda: time.sleep(0.2),
        to_the_holder(signal.SIGKILL),
    ],
    "its holder stopped": [
        deaf,
        lambda: daemon(deaf, live),
        until_noted,
        to_the_holder(signal.SIGSTOP),
        live,
    ],
    "runaway": [note, lambda: child(run_away), live],
}

for step in MODES[MODE]:
    step()
