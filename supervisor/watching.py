"""The screen of an agent that has no other language: looked at while it changes."""

import trio

from .errors import EnnioError
from .hearing import Hearing
from .protocols import Dialogue, Screened, Terminal, Watching

_PERIOD = 0.5
"""Seconds between looks."""
_STILL = 4
"""So many looks are taken after the last output: what stands there then will stand."""


async def watch_screen(terminal: Terminal, hearing: Hearing, dialogue: Dialogue) -> None:
    """Have the dialogue look at the screen again and again, where it goes by that; else return at once."""
    if not (isinstance(dialogue, Watching) and isinstance(terminal, Screened)):
        return
    seen, still = -1, 0
    while True:
        still = still + 1 if hearing.position == seen else 0
        seen = hearing.position
        if still < _STILL:
            try:
                shown = await terminal.screen()
            except EnnioError:  # the terminal is going; whoever waits for its end tells of that
                return
            await hearing.look(shown.text, shown.title)
        await trio.sleep(_PERIOD)
