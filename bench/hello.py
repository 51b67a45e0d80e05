"""The least that ennio's web stack could do: `python -m bench.hello PORT` answers one constant."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart_trio import QuartTrio

from .server import Connection, free_port, running

ROOT = Path(__file__).parent.parent
app = QuartTrio(__name__)


@app.get("/")
async def greeting() -> dict[str, str]:
    """Answer what never changes."""
    return {"data": "hello"}


@contextmanager
def hello(folder: Path) -> Iterator[Connection]:
    """Run it until the block ends; give a connection to it."""
    port = free_port()
    argv = (sys.executable, "-m", "bench.hello", str(port))
    with running(argv, port, ROOT, folder / "hello.log") as (_, connection):
        yield connection


if __name__ == "__main__":
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    config.keep_alive_timeout = 600  # while others are measured nobody asks
    trio.run(partial(serve, app, config))
