"""The words there are for what a session is: a wrong one would be looked for in vain."""

from typing import get_args

from ..states import Status, Word
from .terminal import MISUSED, Failure


def known_word(word: str) -> str:
    """Return a status or an activity as the server writes it. Raises `Failure` where there is none such."""
    return _as_written(word, [one for kind in get_args(Word) for one in get_args(kind)])


def known_status(word: str) -> str:
    """Return a status as the server writes it. Raises `Failure` where there is none such."""
    return _as_written(word, get_args(Status))


def _as_written(word: str, known: list[str] | tuple[str, ...]) -> str:
    words = {one.lower(): one for one in known}
    if word.lower() not in words:
        raise Failure(f"there is no status {word!a}; there are: {', '.join(get_args(Status))}", MISUSED)
    return words[word.lower()]
