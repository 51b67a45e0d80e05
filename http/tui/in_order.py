"""Keys one after the other: each goes to whatever the one before it has opened."""

from collections import deque

from textual import events
from textual.app import App
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

_LOOK = 0.02
"""Seconds between two looks at whether what a key opens is there."""
_LONG = 2.0
"""Seconds after which a form without focus is taken as it is: no key of the application gets past it."""

Typed = events.Key | events.Paste


class Passed(Message):
    """Goes the way of a key: where it arrives, all before it has."""

    def __init__(self, number: int, again: bool) -> None:
        super().__init__()
        self.number, self.again = number, again


class InOrder(App[None]):
    """Takes a key only when all that the one before it leads to has happened.

    A key goes to what has the focus, and from there up to the application, whose bindings move the focus or
    open a form. Whoever types fast has typed the next keys by then: those would be commands to the list.
    Ctrl+C overtakes all of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[Typed] = deque()
        self._number, self._busy = 0, False
        self._form: Screen[object] | None = None
        self._looks = 0
        self.opening = False
        """Whether a form is still to be opened, which the next keys are for."""

    async def on_event(self, event: events.Event) -> None:
        """Let a key wait while another is under way."""
        if not isinstance(event, Typed) or event.is_forwarded or _urgent(event):
            await super().on_event(event)
            return
        self._typed.append(event)
        await self._next()

    def forget_typed(self) -> None:
        """Drop the keys that wait: what they were meant for is not coming."""
        self._typed.clear()

    async def _next(self) -> None:
        if self._busy or not self._typed:
            return
        self._busy, self._number, self._looks = True, self._number + 1, 0
        target: Widget = self.focused or self.screen
        await super().on_event(self._typed.popleft())
        self._follow(target, self._number, again=True)

    def _follow(self, target: Widget, number: int, *, again: bool) -> None:
        if target.post_message(Passed(number, again)):
            self.set_timer(_LONG, lambda: self._lost(target, number))
        else:
            self.call_later(self._settle, number)

    def _lost(self, target: Widget, number: int) -> None:
        if number == self._number and self._busy and not target.is_attached:
            self.call_later(self._settle, number)

    async def on_passed(self, event: Passed) -> None:
        """Go round once more: what the key led to may have sent messages of its own on that way."""
        event.stop()
        if event.number != self._number:
            return
        if event.again:
            self._follow(self.focused or self.screen, event.number, again=False)
        else:
            self.call_later(self._settle, event.number)

    async def _settle(self, number: int) -> None:
        if number != self._number or not self._busy:
            return
        if self._awaited():
            self._looks += 1
            self.set_timer(_LOOK, lambda: self.call_later(self._settle, number))
            return
        self._busy = False
        await self._next()

    def _awaited(self) -> bool:
        """Return whether a form is on its way that does not have the focus yet."""
        if self.opening:
            self._looks = 0
            return True
        screen = self.screen
        if screen.is_modal and screen is not self._form:
            if screen.focused is None and self._looks * _LOOK < _LONG:
                return True
            self._form = screen
        return False


def _urgent(event: Typed) -> bool:
    return isinstance(event, events.Key) and event.key == "ctrl+c"
