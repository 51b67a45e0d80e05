"""A terminal's screen as markup: text in `pre` and `span`, with classes and colours as data, nothing else."""

import html
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ennio.supervisor import Picture

_CLASSES = ("bold", "dim", "italic", "underline", "reverse", "strike")


def shown(picture: Picture) -> dict[str, Any]:
    """Return what a page draws a screen from. Its colours are `data-fg` and `data-bg`, each `#rrggbb`."""
    return {
        "html": f"<pre>{markup(picture.text)}</pre>",
        "title": picture.title,
        "cols": picture.columns,
        "rows": picture.rows,
        "cursor": list(picture.cursor),
    }


def markup(text: str) -> str:
    """Return lines with SGR sequences (ECMA-48) as markup; whatever else they hold is text."""
    from rich.text import Text

    return "\n".join("".join(_runs(Text.from_ansi(line))) for line in text.splitlines())


def _runs(line: Any) -> Iterator[str]:
    """Yield the stretches of a line, each with the style that all of its characters have."""
    plain, edges = line.plain, {0, len(line.plain)}
    edges.update(edge for span in line.spans for edge in (span.start, span.end))
    places = sorted(edges)
    for start, end in pairwise(places):
        styles = [span.style for span in line.spans if span.start <= start and span.end >= end]
        attributes = _attributes(styles)
        words = html.escape(plain[start:end])
        yield f"<span{attributes}>{words}</span>" if attributes else words


def _attributes(styles: list[Any]) -> str:
    from rich.style import Style

    style = Style.combine([Style.null(), *(one for one in styles if isinstance(one, Style))])
    classes = [name for name in _CLASSES if getattr(style, name)]
    found = [f' class="{" ".join(classes)}"'] if classes else []
    for name, colour in (("fg", style.color), ("bg", style.bgcolor)):
        if colour is not None and not colour.is_default:
            found.append(f' data-{name}="{colour.get_truecolor().hex.lower()}"')
    return "".join(found)
