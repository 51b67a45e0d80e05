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
    An empty text is not the end: the server may have looked through what means nothing to people.
    """
    cursor, told, missing = None, False, False
    for _ in range(3 * (most // _BLOCK) + 2):
        output = await client.output(session_id, cursor, limit=_BLOCK)
        missing = missing or output["truncated"]
        if output["text"]:
            yield _with(output, missing)
            told, missing = True, False
        if output["cursor"] == cursor:
            break
        cursor = output["cursor"]
    if missing or not told:
        yield _with(output, missing)


async def followed(client: "Client", session_id: str) -> AsyncGenerator[Output, None]:
    """Yield what the agent said and what it goes on to say, until it has ended."""
    import trio

    cursor, ended, missing = None, False, False
    while True:
        output = await client.output(session_id, cursor, limit=_BLOCK)
        missing = missing or output["truncated"]
        if output["text"]:
            yield _with(output, missing)
            missing = False
        if output["cursor"] == cursor:
            if ended:
                break
            # What it said last may have come since: only another look that finds nothing proves the end.
            ended = (await client.get(session_id))["activity"] == "Exited"
            if not ended:
                await trio.sleep(_PAUSE)
        cursor = output["cursor"]
    if missing:
        yield _with(output, missing)


def _with(output: Output, missing: bool) -> Output:
    """Return an output that also says whether something before it was dropped, be it some looks ago."""
    return {"text": output["text"], "cursor": output["cursor"], "truncated": missing}


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
