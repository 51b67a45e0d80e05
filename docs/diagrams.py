"""Print the transitions of `supervisor/lifecycle.py` into `docs/architecture.md`: python docs/diagrams.py."""

from pathlib import Path

from ennio.supervisor.lifecycle import TRANSITIONS

PAGE = Path(__file__).with_name("architecture.md")
BEGIN, END = "<!-- transitions -->\n", "<!-- /transitions -->"


def table() -> str:
    """Return the transitions as a table in Markdown."""
    rows = ["| In phase | when this happens | it becomes |", "|---|---|---|"]
    for phase, moves in TRANSITIONS.items():
        for kind, target in moves.items():
            star = "" if kind.public else "*"
            rows.append(f"| {phase} | {kind.__name__}{star} | {target} |")
    return "\n".join(rows) + "\n"


def drawn(page: str) -> str:
    """Return the page with the table as it stands now."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text()))
