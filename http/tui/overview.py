"""What is on the screen: the bar, the list or what an agent says, and all about the selected session."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from ..client import Client, Refused, Unreachable
from ..shapes import Approval, Session, Why
from .detail import Shown, page
from .known import Known, Row
from .plain import line
from .said import Said
from .table import Sessions
from .watching import Connection
from .words import TONES

_SETTLED = 0.15
"""Seconds for which a session is selected before more is asked of it."""
_TICK = 15.0


class Overview(Vertical):
    """Shows what is known. `clock` gives seconds."""

    DEFAULT_CSS = """
    Overview #bar { height: 1; padding: 0 1; background: $panel; }
    Overview #filter { display: none; height: 1; }
    Overview #filter.shown { display: block; }
    Overview #body { height: 1fr; }
    Overview #whose { height: 1; padding: 0 1; color: $text-muted; text-style: bold; }
    Overview #right { padding: 0 1; scrollbar-size-vertical: 1; }
    Overview #detail { height: auto; }
    Overview #reading { display: none; }
    Overview.reading Sessions { display: none; }
    Overview.reading #reading { display: block; }
    """

    class Selected(Message):
        """Another session is selected, or it asks for something else."""

    def __init__(self, client: Client, known: Known, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._client, self._known, self._clock = client, known, clock
        self._question: tuple[str | None, float] = (None, 0.0)
        self._why: tuple[Session, Why] | None = None
        self._asking: str | None = None
        self._reads: str | None = None
        self._bar, self._whose, self._detail = (
            Static("", id=id, markup=False) for id in ("bar", "whose", "detail")
        )
        self._filter = Input(id="filter", placeholder="words; Enter keeps them, Esc drops them", compact=True)
        self._table, self._said = Sessions(), Said()
        self._right = VerticalScroll(self._detail, id="right")

    def compose(self) -> ComposeResult:
        """Return what there is to see."""
        yield self._bar
        yield self._filter
        with Horizontal(id="body"):
            yield Vertical(self._table, Vertical(self._whose, self._said, id="reading"), id="left")
            yield self._right

    def on_mount(self) -> None:
        """Begin with the list."""
        self._table.focus()
        self.set_interval(_TICK, self._table.refresh)

    @property
    def selected(self) -> Row | None:
        """The session on which keys act: the one whose output is open, else that of the list."""
        selected = self._reads or self._table.selected
        return self._known.row(selected) if selected else None

    @property
    def asked(self) -> list[Approval]:
        """What the agent of the selected session asks for."""
        row = self.selected
        return self._known.approvals(row.session["id"]) if row else []

    @property
    def in_sight(self) -> float:
        """For how many seconds the permission that is asked for has been shown."""
        return self._clock() - self._question[1]

    def show(self, connection: Connection, *, ended: bool) -> None:
        """Show what is known now."""
        words = self._filter.value
        groups = ["needs", "working", *(["ended"] if ended else [])]
        self._table.show(self._known.rows(words, ended=ended), groups)
        self._show_bar(connection, words)
        self._show_detail()

    def _show_bar(self, connection: Connection, words: str) -> None:
        rows = self._known.rows()
        needs = sum(row.place.group == "needs" for row in rows)
        sign, state, tone = connection.words()
        parts = [
            Content.styled("ennio", "bold"),
            Content.styled(f"{sign} {state}", TONES[tone]),
            Content.styled(f"! {needs} need{'s' * (needs == 1)} you", TONES["amber" if needs else "grey"]),
            Content(f"of {len(rows)}"),
            *([Content.styled(f"/ {line(words)}", TONES["blue"])] if words else []),
            Content.styled(line(self._client.url), TONES["grey"]),
        ]
        self._bar.update(Content("  ").join(parts))

    def _show_detail(self) -> None:
        row, asked = self.selected, self.asked
        question = f"{asked[0]['session_id']} {asked[0]['id']}" if asked else None
        if question != self._question[0]:
            self._question = question, self._clock()
            self.post_message(self.Selected())
        if row is None:
            self._detail.update("")
            return
        why = self._why if self._why and self._why[0]["id"] == row.session["id"] else None
        if (why is None or why[0] != row.session) and self._asking != row.session["id"]:
            self._asking = row.session["id"]
            self.run_worker(self._ask_why(row.session["id"]), group="why", exclusive=True)
        self._detail.update(page(Shown(row, asked, why[1] if why else None)))

    async def _ask_why(self, session_id: str) -> None:
        await asyncio.sleep(_SETTLED)
        row = self._known.row(session_id)
        try:
            why = await self._client.why(session_id)
        except (Refused, Unreachable):  # the state of the connection says it, and the next look asks again
            self._asking = None
            return
        self._asking = None
        if row is not None:
            self._why = row.session, why
            self._show_detail()

    def on_sessions_selected(self) -> None:
        """Show the session that is selected now."""
        self._right.scroll_home(animate=False)
        self._show_detail()
        self.post_message(self.Selected())

    def on_sessions_opened(self) -> None:
        """Show what the agent of the selected session says."""
        row = self.selected
        if row is not None:
            self._reads = row.session["id"]
            self.add_class("reading")
            self._said.focus()
            self.on_said_followed()
            self.run_worker(self._read(row.session["id"]), group="reading", exclusive=True)

    async def _read(self, session_id: str) -> None:
        said = self._said
        said.clear()
        try:
            async with aclosing(self._client.follow_output(session_id)) as outputs:
                async for output in outputs:
                    if output["truncated"]:
                        said.mark("output that was here is no longer kept")
                    said.add(output["text"])
                    await asyncio.sleep(0)  # much at once does not keep keys waiting
        except (Refused, Unreachable) as error:
            said.mark(str(error))

    def on_said_followed(self) -> None:
        """Say whose output it is, and whether its end is followed."""
        row, follows = self.selected, self._said.follows
        how = "followed as it comes" if follows else "stopped here; G follows it again"
        self._whose.update(Content(f"{line(row.session['id']) if row else ''}  {how}"))

    def open_filter(self) -> None:
        """Ask for the words to look for."""
        self.close_output()
        self._filter.add_class("shown").focus()

    def on_input_submitted(self) -> None:
        """Keep the words that were looked for."""
        self._to_the_list()

    def back(self) -> None:
        """Leave the output, else drop the words that were looked for."""
        if not self.close_output():
            self._filter.value = ""
            self._to_the_list()

    def close_output(self) -> bool:
        """Show the list again; return whether it was not there."""
        was_open = self.has_class("reading")
        if was_open:
            self._reads = None
            self.remove_class("reading")
            self.workers.cancel_group(self, "reading")
            self._to_the_list()
            self._show_detail()
            self.post_message(self.Selected())
        return was_open

    def _to_the_list(self) -> None:
        self._filter.remove_class("shown")
        self._table.focus()
