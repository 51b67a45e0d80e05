"""Reading what an agent says: to the end of what there is, or to the end of the agent."""

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from ..shapes import Output
from .tables import as_json
from .terminal import is_terminal, note, say

if TYPE_CHECKING:
    from ..client import Client

_BLOCK = 1024 * 1024
_PAUSE = 0.3


async def said(client: "Client", session_id: str, most: int) -> AsyncGenerator[Output, None]:
    """Yield what the agent said until now, at least one output even if that is empty.

    `most` is how many bytes the server keeps: an agent that prints faster than this reads is left at that.
    """
    cursor = None
    for _ in range(most // _BLOCK + 2):
        output = await client.output(session_id, cursor, limit=_BLOCK)
        if output["text"] or cursor is None:
            yield output
        if output["cursor"] == cursor:
            return
        cursor = output["cursor"]


async def followed(client: "Client", session_id: str) -> AsyncGenerator[Output, None]:
    """Yield what the agent said and what it goes on to say, until it has ended."""
    import trio

    cursor, ended = None, False
    while True:
        output = await client.output(session_id, cursor, limit=_BLOCK)
        if output["text"]:
            yield output
        if output["cursor"] == cursor:
            if ended:
                return
            # What it said last may have come since: only another empty look proves the end.
            ended = (await client.get(session_id))["activity"] == "Exited"
            if not ended:
                await trio.sleep(_PAUSE)
        cursor = output["cursor"]


async def show(outputs: AsyncGenerator[Output, None], *, json: bool) -> None:
    """Print outputs as they come: as text, or each as a line of JSON."""
    text = ""
    async with aclosing(outputs):
        async for output in outputs:
            if json:
                say(as_json(output, indent=None))
                continue
            if output["truncated"]:
                note("[output that was here is no longer kept]")
            text = output["text"] or text
            say(output["text"], end="")
    if text and not text.endswith("\n") and is_terminal(sys.stdout):
        say("")
