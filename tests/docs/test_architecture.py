import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_transition_table_in_the_documentation_is_the_one_in_the_code() -> None:
    diagrams = runpy.run_path(str(ROOT / "docs" / "diagrams.py"))
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert diagrams["drawn"](page) == page, "run: .venv/bin/python docs/diagrams.py"
