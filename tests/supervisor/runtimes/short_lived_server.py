"""A server that is there to be killed: `python short_lived_server.py FOLDER INSTANCE COUNT ARGV...`.

It starts the agent COUNT times, writes one line to each, prints its pid and their handles as JSON, and
waits. Beside it stands what adopts whoever it leaves behind, as init does.
"""

import ctypes
import dataclasses
import json
import os
import sys
from pathlib import Path

import trio

from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.ids import SessionId
from ennio.supervisor.records import Hold, Launch
from ennio.supervisor.runtimes.held import HeldRuntime

FOLDER, INSTANCE, COUNT, *ARGV = sys.argv[1:]


async def serve() -> None:
    host = LocalHost(INSTANCE, cgroup_root=None)
    handles: dict[str, dict[str, object]] = {}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run_forever)
        runtime = HeldRuntime(host, nursery)

        async def start(name: str) -> None:
            folder = Path(FOLDER) / "sessions" / name
            hold = Hold(SessionId(name), 1, str(folder), 10_000_000, grace=1, orphan_timeout=20)
            env = {"PATH": os.environ["PATH"]}
            terminal = await runtime.launch(Launch(hold, tuple(ARGV), env, FOLDER))
            await terminal.write(b"one\n", lambda: None)
            handles[name] = dataclasses.asdict(terminal.handle)

        async with trio.open_nursery() as starting:
            for number in range(1, int(COUNT) + 1):
                starting.start_soon(start, f"app-{number}")
        print(json.dumps([os.getpid(), handles]), flush=True)
        while True:
            await runtime.survey()
            await trio.sleep(0.05)


ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
if os.fork() == 0:
    trio.run(serve)
os.close(1)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
