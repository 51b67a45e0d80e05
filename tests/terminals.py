"""A terminal that is none, at which the application is looked at and typed to."""

import asyncio
from collections.abc import Awaitable, Callable

from ennio_in_memory import EnnioInMemory
from textual.pilot import Pilot

from ennio.http.tui.app import Top

_PATIENCE = 1500


class Terminal:
    """What an operator sees, and what is typed; `server` is what the application talks to."""

    def __init__(self, pilot: Pilot[None], server: EnnioInMemory) -> None:
        self._pilot, self.server = pilot, server
        assert isinstance(pilot.app, Top)
        self.app = pilot.app

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        for _ in range(_PATIENCE):
            if condition():
                return
            await self._pilot.pause(0.01)
        raise AssertionError(self.text)

    async def shows(self, *words: str) -> None:
        """Wait until all these words are on the screen."""
        await self.until(lambda: all(word in self.text for word in words))

    async def hides(self, words: str) -> None:
        """Wait until these words are not on the screen."""
        await self.until(lambda: words not in self.text)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other; a text is typed."""
        for key in keys:
            await self._pilot.press(*(key if key.isspace() or " " in key else [key]))

    async def type(self, text: str) -> None:
        """Type a text."""
        await self._pilot.press(*text)

    async def look(self) -> None:
        """Let so much time pass that what is in sight was seen."""
        self.server.now += 5
        await self._pilot.pause()

    async def click(self, line: str) -> None:
        """Click on the line with these words."""
        y = next(number for number, each in enumerate(self.lines) if line in each)
        await self._pilot.click(offset=(5, y))

    async def resize(self, width: int, height: int) -> None:
        """Have another size."""
        await self._pilot.resize_terminal(width, height)


def at_a_terminal(
    server: EnnioInMemory,
    play: Callable[[Terminal], Awaitable[None]],
    size: tuple[int, int] = (150, 40),
) -> None:
    """Run the application while a play is given."""

    async def run() -> None:
        async with server.client() as client:
            app = Top(client, clock=lambda: server.now)
            async with app.run_test(size=size, notifications=True) as pilot:
                await play(Terminal(pilot, server))

    asyncio.run(run())
