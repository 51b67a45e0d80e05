"""The application: which key does what."""

import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Input

from ..client import Client, Refused, Unreachable
from .acting import Acting
from .dialogs import Dialog, Kill, Send, Spawn
from .groups import restorable
from .in_order import InOrder
from .known import Known
from .overview import Overview
from .plain import line
from .watching import Connection, Watching

_SIGHT = 0.7
"""Seconds for which a permission has to be in sight before a key answers it."""
_OF_A_SESSION = {"decide", "restore", "kill", "send"}


class Top(InOrder):
    """The sessions of a server, by what needs a human first. `clock` gives seconds."""

    TITLE = "ennio"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    .-wide #left { width: 2fr; }
    .-wide #right { width: 1fr; border-left: solid $panel; }
    .-narrow #body { layout: vertical; }
    .-narrow #left { height: 3fr; }
    .-narrow #right { height: 2fr; border-top: solid $panel; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (130, "-wide")]  # noqa: RUF012 - declared by the base
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("s", "send", "Send"),
        Binding("a", "decide(True)", "Approve"),
        Binding("d", "decide(False)", "Deny"),
        Binding("r", "restore", "Restore"),
        Binding("n", "spawn", "New"),
        Binding("x", "kill", "Kill"),
        Binding("e", "ended", "Ended"),
        Binding("escape", "leave", "Back", show=False),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        known = Known()
        self._watching = Watching(client, known, self._changed, self._connected)
        self._acting = Acting(client, known, self._watching.look)
        self._overview, self._clock = Overview(client, known, clock), clock
        self._connection, self._waits_to_show = Connection(), False
        self._shown_possible = frozenset[str]()

    def compose(self) -> ComposeResult:
        """Return what is on the screen."""
        yield self._overview
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to watch."""
        self.run_worker(self._watching.run(), group="watching")
        self._changed()

    def _connected(self, connection: Connection) -> None:
        self._connection = connection
        self._changed()

    def _changed(self) -> None:
        """Show what is new, once for all that comes in one go."""
        if not self._waits_to_show:
            self._waits_to_show = True
            self.call_later(self._show)

    def _show(self) -> None:
        self._waits_to_show = False
        if self._overview.is_mounted:
            self._overview.show(self._connection, ended=self._watching.ended)
            self.on_overview_selected()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what the words are found in."""
        if event.input.id == "filter":
            self._changed()

    def on_overview_selected(self) -> None:
        """Show what can be done now; the foot is made anew for it, so only where that is different."""
        possible = self._possible()
        if self.screen_stack and possible != self._shown_possible:
            self._shown_possible = possible
            self.refresh_bindings()

    def _possible(self) -> frozenset[str]:
        """Return what can be done with the selected session."""
        row = self._overview.selected if self._overview.is_mounted else None
        if row is None:
            return frozenset()
        can = {
            "send": True,
            "decide": bool(self._overview.asked),
            "restore": restorable(row.session),
            "kill": row.session["status"] != "Killed",
        }
        return frozenset(action for action, possible in can.items() if possible)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Show as impossible what cannot be done with the selected session."""
        return True if action not in _OF_A_SESSION or action in self._possible() else None

    def action_filter(self) -> None:
        """Ask for the words to look for."""
        self._overview.open_filter()

    def action_leave(self) -> None:
        """Leave the output, else drop the words that were looked for."""
        self._overview.back()

    def action_ended(self) -> None:
        """Show the ended sessions too, or no longer."""
        self._watching.ended = not self._watching.ended
        self._watching.resync()
        self._changed()

    def action_decide(self, allow: bool) -> None:
        """Answer the first permission that is in sight, unless it has just come there."""
        asked = self._overview.asked
        if asked and self._overview.in_sight < _SIGHT:
            self.notify("this has just changed: look, and press it again", severity="warning")
        elif asked:
            self._do(self._acting.decide(asked[0], allow=allow))

    def action_restore(self) -> None:
        """Start the agent of the selected session again."""
        if row := self._overview.selected:
            self._do(self._acting.restore(row.session["id"]))

    def action_send(self) -> None:
        """Ask for a message to the selected session."""
        if row := self._overview.selected:
            id = row.session["id"]
            self._open(Send(f"To {id}", partial(self._acting.send, id)))

    def action_kill(self) -> None:
        """Ask whether to kill the selected session."""
        if row := self._overview.selected:
            id = row.session["id"]
            title = f"Kill {id}? All that its agent started is ended, for good.\n{row.title}"
            self.push_screen(
                Kill(title, self._clock), lambda yes: self._do(self._acting.kill(id)) if yes else None
            )

    def action_spawn(self) -> None:
        """Ask for what a new session needs."""
        self.opening = True
        self.run_worker(self._open_spawn(), group="spawn", exclusive=True)

    async def _open_spawn(self) -> None:
        row = self._overview.selected
        try:
            projects = await self._acting.projects()
        except (Refused, Unreachable) as error:
            self.forget_typed()
            self.notify(line(str(error)), severity="error", markup=False)
        else:
            self._open(Spawn(projects, row.session["project_id"] if row else None, self._acting.spawn))
        finally:
            self.opening = False

    def _open(self, dialog: Dialog) -> None:
        self.push_screen(dialog, lambda words: self.notify(words, markup=False) if words else None)

    def _do(self, doing: Coroutine[None, None, str]) -> None:
        self.run_worker(self._done(doing))

    async def _done(self, doing: Coroutine[None, None, str]) -> None:
        try:
            words = await doing
        except (Refused, Unreachable) as error:
            self.notify(line(str(error)), severity="error", markup=False, timeout=10)
        else:
            self.notify(line(words), markup=False)
            self._changed()
