"""What clones claim: which branch each works on, and which refs it began with. All of it blocks."""

import json
from pathlib import Path

from . import notes


def others(folder: Path, repository: Path) -> dict[str, str]:
    """Return branch -> name of the clone, for the other clones of `repository` beside `folder`.

    A claim counts for as long as its clone is there.
    """
    found = dict[str, str]()
    for other in folder.parent.iterdir():
        note = notes.read(other) if other != folder else None
        if note and note.branch and (note.kind, note.repository) == ("clone", str(repository)):
            found[note.branch] = other.name
    return found


def note_refs_at_start(folder: Path, refs: dict[str, str]) -> None:
    """Keep the refs (full name -> commit) that the clone has before the agent is started."""
    _inside(folder).write_text(json.dumps(refs), encoding="utf-8")


def refs_at_start(folder: Path) -> dict[str, str]:
    """Return what `note_refs_at_start` kept; nothing if it is not there any more."""
    try:
        told: dict[str, str] = json.loads(_inside(folder).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # half written when the machine stopped
        return {}
    return told


def _inside(folder: Path) -> Path:
    return folder / ".git" / "ennio-refs.json"
