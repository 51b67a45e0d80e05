"""An agent that fights its end: `python -IS hostile_agent.py MODE NOTES`. In the file NOTES is the truth.

Each of its processes notes itself there as `PID START` (field 22 of proc_pid_stat(5), so that a pid which was
given out again is no lie). All of them end by themselves after 20 seconds, and no mode makes more than
20,000 in all, or 150 at once.
"""

import ctypes
import os
import signal
import sys
import time

MODE, NOTES = sys.argv[1:3]
LIFETIME = 20
UNTIL = time.time() + LIFETIME
MOST_BYTES = 20_000 * 14
LOG = os.open(NOTES, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)


def note():
    """Write down that this process is there; when it is late, or one too many, it is not."""
    if os.fstat(LOG).st_size > MOST_BYTES or time.time() > UNTIL:
        os._exit(0)
    with open("/proc/self/stat") as stat:
        start = stat.read().rpartition(")")[2].split()[19]
    os.write(LOG, b"%d %s\n" % (os.getpid(), start.encode()))


def live():
    """Be there."""
    while time.time() < UNTIL:
        time.sleep(0.5)
    os._exit(0)


def deaf():
    """Take no hint."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def child(*steps):
    """Let a child do this."""
    if os.fork() == 0:
        note()
        for step in steps:
            step()
        os._exit(0)


def daemon(*steps):
    """Let a process do this that has no parent any more, in a session of its own."""
    noted, end = os.pipe()
    between = os.fork()
    if between == 0:
        os.setsid()
        if os.fork() == 0:
            note()
            os.close(end)
            for step in steps:
                step()
        os._exit(0)
    os.close(end)
    os.read(noted, 1)
    os.waitpid(between, 0)


def scrub():
    """Go on as a program without environment, descriptor, folder or name that would tell whose it is."""
    os.chdir("/")
    os.closerange(0, 64)
    os.execve("/bin/sleep", ["sleep", str(LIFETIME)], {})


def stop_self():
    os.kill(os.getpid(), signal.SIGSTOP)


def leave_cgroup():
    """Move to the control group above that of all agents, where there is one and that is allowed."""
    for root in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        try:
            with open(f"{root}/cgroup.procs", "w") as procs:
                procs.write("0")
        except OSError:
            continue
        return


def bomb(*steps, depth=3):
    """Keep four children that do the same, for three generations: whichever dies is there again at once."""
    children = set()
    while time.time() < UNTIL:
        while depth and len(children) < 4:
            pid = os.fork()
            if pid == 0:
                note()
                for step in steps:
                    step()
                bomb(*steps, depth=depth - 1)
            children.add(pid)
        if not depth:
            live()
        children.discard(os.waitpid(-1, 0)[0])
    os._exit(0)


def run_away():
    """Fork, leave the session and exit, for ever: it never has the same pid for long."""
    while True:
        if os.fork():
            os._exit(0)
        os.setsid()
        note()


def to_the_holder(number):
    return lambda: os.kill(os.getppid(), number)


def adopt():
    """Become the one to whom orphans below go: PR_SET_CHILD_SUBREAPER of prctl(2)."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def other_user():
    os.setsid()
    os.setgroups([])
    os.setuid(65534)


MODES = {
    "plain": [live],
    "deaf": [deaf, lambda: child(live), live],
    "child in another session": [lambda: child(os.setsid, deaf, live), live],
    "child in another group": [lambda: child(os.setpgrp, deaf, live), live],
    "daemon": [lambda: daemon(live), live],
    "deaf daemon left behind": [lambda: daemon(deaf, live)],
    "scrubbed daemon": [lambda: daemon(deaf, scrub), live],
    "scrubbed daemon left behind": [lambda: daemon(deaf, scrub)],
    "stopped": [lambda: child(stop_self, live), stop_self, live],
    "stopped in another session": [lambda: child(os.setsid, stop_self, live), live],
    "out of its control group": [lambda: daemon(deaf, leave_cgroup, live), leave_cgroup, live],
    "scrubbed out of its control group": [lambda: daemon(deaf, leave_cgroup, scrub), live],
    "bomb": [deaf, bomb],
    "bomb of sessions": [deaf, lambda: bomb(os.setsid)],
    "run away": [deaf, lambda: child(run_away), live],
    "three run away": [deaf, *[lambda: child(run_away)] * 3, live],
    "run away out of its control group": [deaf, lambda: daemon(leave_cgroup, run_away), live],
    "its own subreaper": [adopt, lambda: daemon(deaf, live), live],
    "holder killed": [deaf, lambda: daemon(live), to_the_holder(signal.SIGKILL), live],
    "holder killed, scrubbed": [lambda: daemon(deaf, scrub), to_the_holder(signal.SIGKILL), scrub],
    "holder killed, run away": [deaf, lambda: child(run_away), to_the_holder(signal.SIGKILL), live],
    "holder stopped": [deaf, lambda: daemon(live), to_the_holder(signal.SIGSTOP), live],
    "holder stopped, run away": [deaf, lambda: child(run_away), to_the_holder(signal.SIGSTOP), live],
    "child of another user": [lambda: child(other_user, deaf, live), live],
}

if __name__ == "__main__":
    note()
    for step in MODES[MODE]:
        step()
