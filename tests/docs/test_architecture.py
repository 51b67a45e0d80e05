import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"


def test_the_transition_table_in_the_documentation_is_the_one_in_the_code() -> None:
    diagrams = runpy.run_path(str(ROOT / "docs" / "diagrams.py"))
    page = PAGE.read_text()
    assert diagrams["drawn"](page) == page, "run: .venv/bin/python docs/diagrams.py"


def test_every_module_and_room_of_the_supervisor_stands_in_the_table_of_rooms() -> None:
    table = PAGE.read_text().split("## Two folders")[1].split("## Who may import")[0]
    rooms = {path.name for path in (ROOT / "supervisor").glob("*.py")} - {"__init__.py"}
    rooms |= {f"{path.parent.name}/" for path in (ROOT / "supervisor").glob("*/__init__.py")}
    assert {room for room in rooms if f"`{room}`" not in table} == set()
