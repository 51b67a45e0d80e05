"""The commands that the pages show, and what stands in the place of what is made up in them."""

import re
from pathlib import Path

PAGES = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))
_BLOCK = re.compile(r"^( *)```(sh|console)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_OURS = re.compile(r"(?:\.venv/bin/)?ennio |make |curl |.*\| ennio ")
_SESSION = re.compile(r"\b(?:demo-8byhbw3p|ID)\b")


def commands(text: str) -> list[str]:
    """Return the commands of a page that are ours to run, each on one line."""
    found = []
    for _, language, block in _BLOCK.findall(text):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            typed = line.strip()
            if language == "console":
                if not typed.startswith("$ "):
                    continue
                typed = typed.removeprefix("$ ")
            if _OURS.match(typed):
                found.append(typed)
    return found


def everywhere() -> list[str]:
    """Return the commands of all pages, each once."""
    return sorted({command for page in PAGES for command in commands(page.read_text())})


def about(command: str, session: str) -> str:
    """Return a command about that session."""
    return _SESSION.sub(session, command)


def takes_session(command: str) -> bool:
    """Tell whether a command is about a session."""
    return _SESSION.search(command) is not None or '"$id"' in command
