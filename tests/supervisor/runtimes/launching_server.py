"""A server that launches one agent in tmux, says so, types what it is told, and waits to be killed.

`python launching_server.py INSTANCE FOLDER TEXT ARGV...`; it prints the agent's handle as a line of JSON.
"""

import json
import sys
from dataclasses import asdict

import trio

from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.ids import SessionId
from ennio.supervisor.records import Hold, Launch
from ennio.supervisor.runtimes.tmux import TmuxRuntime


async def main() -> None:
    instance, folder, text, *argv = sys.argv[1:]
    hold = Hold(SessionId("app-1"), 1, folder, 10_000_000, grace=1, orphan_timeout=20)
    async with trio.open_nursery() as nursery:
        host = LocalHost(instance)
        nursery.start_soon(host.run_forever)
        runtime = TmuxRuntime(host=host, nursery=nursery)
        terminal = await runtime.launch(Launch(hold, tuple(argv), {"PATH": "/usr/bin:/bin"}, folder))
        if text:
            await terminal.write(text.encode() + b"\n", lambda: None)
        print(json.dumps(asdict(terminal.handle)), flush=True)
        await trio.sleep_forever()


trio.run(main)
