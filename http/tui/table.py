"""The list of sessions, by what needs a human first."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from .cells import LONGEST_ID, cells
from .known import Row
from .words import EMPTY, GROUPS

Line = Row | str
"""What a line shows: a session, or words."""


class Sessions(ScrollView, can_focus=True):
    """Shows rows, of which one is selected: that session stays so, wherever its row goes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", key_display="j", show=False),
        Binding("k,up", "move(-1)", "Up", key_display="k", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("g,home", "move(-1000000)", show=False),
        Binding("G,end", "move(1000000)", show=False),
        Binding("enter", "open", "Output"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"sessions--selected", "sessions--faint"}
    DEFAULT_CSS = """
    Sessions { overflow-x: hidden; scrollbar-size-vertical: 1; }
    Sessions .sessions--selected { background: $primary 30%; }
    Sessions .sessions--faint { color: $text-muted; }
    """

    class Selected(Message):
        """Another session is selected; None when there is none."""

        def __init__(self, session_id: str | None) -> None:
            super().__init__()
            self.session_id = session_id

    class Opened(Message):
        """The selected session is to be opened."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[Line] = []
        self._places: dict[str, int] = {}
        self._ids: list[str] = []
        self._id_width = 8
        self.selected: str | None = None
        """The id of the selected session."""

    def show(self, rows: Sequence[Row], groups: Sequence[str]) -> None:
        """Show these rows under the headings of these groups."""
        before = self._places.get(self.selected or "")
        neighbours = self._ids[self._ids.index(self.selected) :] if self.selected in self._ids else []
        self._lines = list(_with_headings(rows, groups))
        self._places = {line.session["id"]: y for y, line in enumerate(self._lines) if isinstance(line, Row)}
        self._ids = list(self._places)
        self._id_width = min(max(map(len, self._ids), default=8), LONGEST_ID)
        self.virtual_size = Size(self.size.width, len(self._lines))
        if self.selected not in self._places:  # whoever stood below it comes up
            left = [id for id in neighbours if id in self._places]
            self.select(next(iter(left or self._ids[-1:] if neighbours else self._ids), None))
        elif before != self._places[self.selected or ""]:
            self._keep_in_sight()
        self.refresh()

    def select(self, session_id: str | None) -> None:
        """Select a session that is shown, or none."""
        if session_id != self.selected:
            self.selected = session_id
            self._keep_in_sight()
            self.refresh()
            self.post_message(self.Selected(session_id))

    def _keep_in_sight(self) -> None:
        self._scroll_there()
        self.call_after_refresh(self._scroll_there)  # what is not laid out yet does not scroll

    def _scroll_there(self) -> None:
        y = self._places.get(self.selected or "")
        if y is not None:
            above = 1 if y and isinstance(self._lines[y - 1], str) else 0  # its heading too
            self.scroll_to_region(Region(0, y - above, 1, 1 + above), animate=False, force=True)

    def action_move(self, by: int) -> None:
        """Select the session so many rows below."""
        if self._ids:
            at = self._ids.index(self.selected) if self.selected in self._ids else 0
            self.select(self._ids[max(0, min(len(self._ids) - 1, at + by))])

    def action_page(self, by: int) -> None:
        """Select the session a page below."""
        self.action_move(by * max(self.size.height - 2, 1))

    def action_open(self) -> None:
        """Open the selected session."""
        if self.selected:
            self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        """Select the row that was clicked; open the one that is selected already."""
        y = event.y + self.scroll_offset.y
        line = self._lines[y] if 0 <= y < len(self._lines) else ""
        if isinstance(line, Row):
            if line.session["id"] == self.selected:
                self.action_open()
            self.select(line.session["id"])

    def render_line(self, y: int) -> Strip:
        """Return a line of what is in sight."""
        y += self.scroll_offset.y
        line, width = (self._lines[y] if y < len(self._lines) else ""), self.size.width
        if isinstance(line, str):
            return Strip([Segment(set_cell_size(line, width), self.rich_style + Style(bold=True))])
        selected = line.session["id"] == self.selected
        ground = self.get_component_rich_style("sessions--selected") if selected else self.rich_style
        faint = Style(color=self.get_component_rich_style("sessions--faint").color)
        strip = Strip(cells(line, width, self._id_width, selected=selected, faint=faint))
        return strip.crop(0, width).apply_style(ground)


def _with_headings(rows: Sequence[Row], groups: Sequence[str]) -> Iterator[Line]:
    members: dict[str, list[Row]] = {name: [] for name in groups}
    for row in rows:
        members[row.place.group].append(row)
    for number, name in enumerate(groups):
        title, sign, _ = GROUPS[name]
        if number:
            yield ""
        yield f" {sign} {title} ({len(members[name])})"
        if not members[name]:
            yield f"   {EMPTY[name]}"
        yield from members[name]
