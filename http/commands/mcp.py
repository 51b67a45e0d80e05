"""What `ennio mcp` does: the tools of the Model Context Protocol over standard input and output."""

import os
from typing import TYPE_CHECKING

from .ask_server import Options, client_of, configuration
from .terminal import Failure

if TYPE_CHECKING:
    from ..client import Client


def serve(options: Options) -> None:
    """Serve until the standard input ends.

    The server is the one that ENNIO_URL and ENNIO_TOKEN of the environment name, as an agent finds them that
    may supervise others; else the configured one.
    """
    import trio

    try:
        from mcp.server.stdio import stdio_server

        from ..mcp.server import offering
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("ennio."):
            raise
        raise Failure("this needs the extra `mcp`: pip install 'ennio[mcp]'") from error
    ennio = _client(options)

    async def talk() -> None:
        async with ennio, stdio_server() as (reading, writing):
            server = offering(ennio)
            await server.run(reading, writing, server.create_initialization_options())

    trio.run(talk)


def _client(options: Options) -> "Client":
    from ..client import Client

    if url := os.environ.get("ENNIO_URL"):
        return Client(url, os.environ.get("ENNIO_TOKEN"))
    return client_of(configuration(options))
