"""What the agent of a session says, followed as it comes."""

from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from .lines import Lines
from .plain import Plain, line


class Said(ScrollView, can_focus=True):
    """Shows text, and stays at its end unless the reader goes back. It is text, whatever stands in it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", show=False),
        Binding("k,up", "scroll_up", show=False),
        Binding("pagedown,space", "page_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("g,home", "scroll_home", show=False),
        Binding("G,end", "follow", "Follow", key_display="G"),
    ]
    DEFAULT_CSS = """
    Said { overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    class Followed(Message):
        """Whether the end is followed is different now."""

    def __init__(self) -> None:
        super().__init__()
        self._lines, self._plain = Lines(), Plain()
        self.follows = True
        """Whether the end is followed."""

    def clear(self) -> None:
        """Show nothing, and follow."""
        self._lines, self._plain = Lines(self.size.width or 80), Plain()
        self._set_follows(True)
        self._grown(0)

    def add(self, text: str) -> None:
        """Show what the agent said next."""
        self._grown(self._lines.add(self._plain.feed(text)))

    def mark(self, words: str) -> None:
        """Show a word of our own."""
        self._grown(self._lines.mark(f"[{line(words)}]"))

    @property
    def text(self) -> str:
        """What is shown, in lines as they fit the width."""
        return "\n".join(self._lines.shown)

    def _grown(self, gone: int) -> None:
        self.virtual_size = Size(self.size.width, len(self._lines.shown))
        if self.follows:
            self.scroll_end(animate=False, immediate=True)
            self.call_after_refresh(self._to_the_end)  # until it is laid out, its height is not known
        elif gone:  # the reader's lines stay where they are
            self.scroll_to(y=self.scroll_y - gone, animate=False, immediate=True)
        self.refresh()

    def _to_the_end(self) -> None:
        if self.follows:
            self.scroll_end(animate=False, immediate=True)

    def on_resize(self, event: events.Resize) -> None:
        """Make the lines fit."""
        self._lines.fit(max(self.size.width - 1, 2))
        self._grown(0)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow where the reader is at the end, and do not where he is not."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value or new_value >= self.max_scroll_y:
            self._set_follows(new_value >= self.max_scroll_y)

    def action_follow(self) -> None:
        """Go to the end, and stay there."""
        self._set_follows(True)
        self.scroll_end(animate=False, immediate=True)

    def _set_follows(self, follows: bool) -> None:
        if follows != self.follows:
            self.follows = follows
            self.post_message(self.Followed())

    def render_line(self, y: int) -> Strip:
        """Return a line of what is in sight."""
        y += self.scroll_offset.y
        shown = self._lines.shown[y] if y < len(self._lines.shown) else ""
        return Strip([Segment(set_cell_size(f" {shown}", self.size.width), self.rich_style)])
