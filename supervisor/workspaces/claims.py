"""What is written down about clones: which branch each works on, and which refs it began with.

The first stands beside the clone, since it is there before the clone is; the second in its git
directory. All of it blocks.
"""

import json
from pathlib import Path


def claim(folder: Path, repository: Path, branch: str) -> None:
    """Note that the clone in `folder` works on `branch` of the repository with that common directory."""
    words = json.dumps({"repository": str(repository), "branch": branch})
    _beside(folder).write_text(words, encoding="utf-8")


def withdraw(folder: Path) -> None:
    """Free the branch that the clone in `folder` has claimed."""
    _beside(folder).unlink(missing_ok=True)


def others(folder: Path, repository: Path) -> dict[str, str]:
    """Return branch -> name of the clone, for the other clones of `repository` beside `folder`.

    A claim counts for as long as its clone is there.
    """
    found = dict[str, str]()
    for other in folder.parent.iterdir():
        told = _read(_beside(other)) if other != folder and _beside(other).exists() else {}
        if told.get("repository") == str(repository):
            found[told["branch"]] = other.name
    return found


def note_refs_at_start(folder: Path, refs: dict[str, str]) -> None:
    """Keep the refs (full name -> commit) that the clone has before the agent is started."""
    _inside(folder).write_text(json.dumps(refs), encoding="utf-8")


def refs_at_start(folder: Path) -> dict[str, str]:
    """Return what `note_refs_at_start` kept; nothing if it is not there any more."""
    return _read(_inside(folder))


def _read(file: Path) -> dict[str, str]:
    try:
        told: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # withdrawn just now, or half written when the machine stopped
        return {}
    return told


def _beside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.branch")


def _inside(folder: Path) -> Path:
    return folder / ".git" / "ennio-refs.json"
