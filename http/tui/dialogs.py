"""What is asked of the operator: a message, a new session, whether to kill.

What was typed is not lost when the server says no.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import ClassVar
from uuid import uuid4

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Select, Static, TextArea

from ..client import Refused, Unreachable
from .plain import block, line

FRAME = """
SCREEN { align: center middle; }
SCREEN > VerticalScroll {
    width: 80; max-width: 95%; height: auto; max-height: 95%;
    padding: 0 2 1 2; border: round $primary; background: $surface;
}
SCREEN Label { margin-top: 1; color: $text-muted; }
SCREEN Box { height: 6; background: $panel; }
SCREEN Input { width: 1fr; margin-right: 1; background: $panel; }
SCREEN Select SelectCurrent { background: $panel; }
SCREEN .title { text-style: bold; }
SCREEN .trouble { color: $text-error; height: auto; }
SCREEN Horizontal { height: auto; margin-top: 1; }
SCREEN Button { margin-right: 2; }
"""

_READ = 0.4
"""Seconds for which the question whether to kill has to be shown before a yes counts."""
Wishes = dict[str, str]
"""What was filled in, by the names of the fields; what was left blank is not there."""


class Box(TextArea):
    """Where text is typed: Enter is done, Ctrl+J a new line, and what is pasted stays whole."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+j", "newline", "New line", priority=True)]

    class Done(Message):
        """Enter was typed."""

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Done())
            return
        await super()._on_key(event)

    def action_newline(self) -> None:
        """Begin a new line."""
        self.insert("\n")


class Dialog(ModalScreen[str | None]):
    """A form whose wishes are given to `act`; closes with the words that it returns, or shows why it failed.

    The same wishes given again, because nobody had answered, carry the same key, and are fulfilled once.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]
    DEFAULT_CSS = FRAME.replace("SCREEN", "Dialog")
    yes = "OK (Enter)"

    def __init__(self, title: str, act: Callable[[Wishes, str], Awaitable[str]]) -> None:
        super().__init__()
        self._title, self._act = title, act
        self._key, self._told, self._busy = str(uuid4()), Wishes(), False

    def compose(self) -> ComposeResult:
        """Return the title, the fields, and the buttons."""
        with VerticalScroll(can_focus=False):
            yield Static(Content(block(self._title)), classes="title")
            yield from self.fields()
            yield Static("", classes="trouble", markup=False)
            with Horizontal():
                yield Button(self.yes, id="yes", variant="primary", compact=True)
                yield Button("Cancel (Esc)", id="no", compact=True)

    def fields(self) -> Iterator[Widget]:
        """Yield what is to be filled in."""
        yield from ()

    def wishes(self) -> Wishes:
        """Return what was filled in."""
        return {}

    def missing(self, wishes: Wishes) -> str:
        """Return what is missing in the wishes, in words; nothing when all is there."""
        return ""

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do it, or leave it."""
        self.action_go() if event.button.id == "yes" else self.action_leave()

    def on_box_done(self) -> None:
        """Do it: Enter was typed."""
        self.action_go()

    def on_input_submitted(self) -> None:
        """Do it: Enter was typed."""
        self.action_go()

    def action_leave(self) -> None:
        """Close the form; what is under way goes on, and its end is told."""
        self.dismiss(None)

    def action_go(self) -> None:
        """Give the wishes to the server, unless that is under way."""
        wishes = self.wishes()
        if missing := self.missing(wishes):
            self._say(missing)
        elif not self._busy:
            self._busy = True
            if wishes != self._told:
                self._told, self._key = wishes, str(uuid4())
            self._say("…")
            # a worker of the application: one of this screen would be cancelled with it
            self.app.run_worker(self._go(wishes))

    async def _go(self, wishes: Wishes) -> None:
        try:
            words = await self._act(wishes, self._key)
        except (Refused, Unreachable) as error:
            if isinstance(error, Refused):
                self._key = str(uuid4())
            if self.is_attached:
                self._say(f"✕ {error}")
            else:
                self.app.notify(line(str(error)), severity="error", markup=False)
        else:
            if self.is_attached:
                self.dismiss(words)
            else:
                self.app.notify(line(words), markup=False)
        finally:
            self._busy = False

    def _say(self, words: str) -> None:
        self.query_one(".trouble", Static).update(Content(line(words)))


class Send(Dialog):
    """Asks for a message."""

    yes = "Send (Enter)"

    def fields(self) -> Iterator[Widget]:
        """Yield the box for the message."""
        yield Label("Message; Ctrl+J begins a new line")
        yield Box(id="message", tab_behavior="focus", compact=True)

    def wishes(self) -> Wishes:
        """Return the message."""
        text = self.query_one("#message", Box).text
        return {"message": text} if text.strip() else {}

    def missing(self, wishes: Wishes) -> str:
        """Say that there is none."""
        return "" if wishes else "there is nothing to send yet"


class Kill(ModalScreen[bool]):
    """Asks whether to kill; the harmless answer is at hand, the other counts once the question was seen.

    `clock` gives seconds.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Kill"),
        Binding("n,escape", "answer(False)", "Keep"),
    ]
    AUTO_FOCUS = "#no"
    DEFAULT_CSS = FRAME.replace("SCREEN", "Kill")

    def __init__(self, title: str, clock: Callable[[], float]) -> None:
        super().__init__()
        self._title, self._clock = title, clock
        self.shown_at: float | None = None
        """When it came on the screen."""

    def on_mount(self) -> None:
        """Count from when it is on the screen."""
        self.call_after_refresh(self._is_shown)

    def _is_shown(self) -> None:
        self.shown_at = self._clock()

    def compose(self) -> ComposeResult:
        """Return the question and its answers."""
        with VerticalScroll(can_focus=False):
            yield Static(Content(block(self._title)), classes="title")
            with Horizontal():
                yield Button("Keep (n)", id="no", compact=True)
                yield Button("Kill (y)", id="yes", variant="error", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        self.action_answer(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """Close with this answer; a yes that was typed before the question could be read is none."""
        if yes and (self.shown_at is None or self._clock() - self.shown_at < _READ):
            self.app.notify("this has just come up: read it, and press it again", severity="warning")
        else:
            self.dismiss(yes)


class Spawn(Dialog):
    """Asks for what a new session needs."""

    yes = "Start (Enter)"
    AUTO_FOCUS = "#prompt"
    _NAMES = ("issue_id", "branch", "role")

    def __init__(
        self, projects: list[str], project: str | None, act: Callable[[Wishes, str], Awaitable[str]]
    ) -> None:
        super().__init__("Start an agent", act)
        self._projects = projects
        self._project = project if project in projects else next(iter(projects), None)

    def fields(self) -> Iterator[Widget]:
        """Yield the fields of the form."""
        choices = [(Content(line(each)), each) for each in self._projects]
        yield Label("Project")
        first = self._project or Select.NULL
        yield Select(choices, value=first, allow_blank=not choices, id="project", compact=True)
        yield Label("What to do; Ctrl+J begins a new line")
        yield Box(id="prompt", tab_behavior="focus", compact=True)
        yield Label("Issue, branch and role, as far as there are any")
        with Horizontal():
            for name in self._NAMES:
                yield Input(id=name, placeholder=name.partition("_")[0], compact=True)

    def wishes(self) -> Wishes:
        """Return what was filled in."""
        project = self.query_one("#project", Select).value
        given = {"project_id": project if isinstance(project, str) else ""}
        given["prompt"] = self.query_one("#prompt", Box).text
        given |= {name: self.query_one(f"#{name}", Input).value.strip() for name in self._NAMES}
        return {name: text for name, text in given.items() if text.strip()}

    def missing(self, wishes: Wishes) -> str:
        """Say what is missing."""
        if "project_id" not in wishes:
            return "there is no project to work in"
        return "" if {"prompt", "issue_id"} & set(wishes) else "the agent needs something to do, or an issue"
