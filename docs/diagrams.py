"""Print the transitions of `supervisor/lifecycle.py` into `docs/architecture.md`: python docs/diagrams.py."""

from pathlib import Path

from ennio.supervisor.events import Event
from ennio.supervisor.lifecycle import TRANSITIONS

PAGE = Path(__file__).with_name("architecture.md")
BEGIN, END = "<!-- transitions -->\n", "<!-- /transitions -->"


def table() -> str:
    """Return the transitions as a table in Markdown: what moves a phase on, then what leaves it."""
    rows = ["| In phase | when this happens | it becomes |", "|---|---|---|"]
    for phase, moves in TRANSITIONS.items():
        moving = ((kind, target) for kind, target in moves.items() if target != phase)
        rows += [f"| {phase} | {_name(kind)} | {target} |" for kind, target in moving]
        staying = sorted(_name(kind) for kind, target in moves.items() if target == phase)
        rows.append(f"| {phase} | {', '.join(staying)} | {phase} |")
    return "\n".join(rows) + "\n"


def _name(kind: type[Event]) -> str:
    return kind.__name__ if kind.public else f"{kind.__name__}*"


def drawn(page: str) -> str:
    """Return the page with the table as it stands now."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text()))
