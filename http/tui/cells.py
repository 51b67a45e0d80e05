"""A session as a line of the list: as many columns as there is room for."""

from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from ..commands.tables import age
from .known import Row
from .plain import line
from .words import TONES, cost, doing, look

LONGEST_ID = 20
_STATUS = 17
_PLAIN, _BOLD = Style(), Style(bold=True)


def cells(row: Row, width: int, id_width: int, *, selected: bool, faint: Style) -> Iterator[Segment]:
    """Yield the cells of a row, `width` cells in all; `faint` is the style of what matters less."""
    session, (word, sign, tone) = row.session, look(row.session["status"])
    colour = Style(color=TONES[tone])
    right = [cell for least, cell in _columns(row, faint) if width >= least]
    left = [
        Segment("▌" if selected else " ", colour),
        Segment(set_cell_size(f"{sign} {line(word)}", _STATUS - 1), colour),
        Segment(set_cell_size(line(session["id"]), id_width) + "  ", _BOLD),
    ]
    yield from left
    yield from _about(row, width - sum(cell.cell_length for cell in left + right), faint)
    yield from right


def _columns(row: Row, faint: Style) -> Iterator[tuple[int, Segment]]:
    """Yield what stands at the right, each with the width of the list from which on there is room for it."""
    session = row.session
    since = age(session.get("last_activity_at") or session.get("created_at"))
    yield 76, Segment(set_cell_size(line(doing(session["activity"])), 14) + " ", faint)
    yield 112, Segment(set_cell_size(line(session["project_id"]), 14) + " ", faint)
    yield 92, Segment(cost(session.get("cost_usd", "0")).rjust(7) + " ", _PLAIN)
    yield 60, Segment(since.rjust(4) + " ", faint)


def _about(row: Row, room: int, faint: Style) -> Iterator[Segment]:
    """Yield why it needs somebody and then what it is about, or the other way round; all of `room`."""
    if row.place.group == "needs":
        parts = [(row.place.why, Style(color=TONES["amber"])), (row.title, faint)]
    else:
        parts = [(row.title, _PLAIN), (row.place.why, faint)]
    left, between = room - 1, ""
    for text, style in parts:
        if text and left > cell_len(between) + 1:
            cut = cropped(between + text, left)
            yield Segment(cut, style)
            left, between = left - cell_len(cut), " · "
    yield Segment(" " * (left + 1))


def cropped(text: str, width: int) -> str:
    """Return as much of a text as fits, with a sign that there is more."""
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"
