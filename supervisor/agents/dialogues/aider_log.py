"""What aider writes into its `--analytics-log`, and the words by which it tells that its model failed."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...observations import Observation, Retrying, Spent
from ...protocols import Memory
from ...records import Tokens
from .json_lines import dollars, mapping, one_line, text, whole

_TROUBLE = re.compile(r"litellm\.\w+: ")
_AGAIN = re.compile(r"Retrying in (\d{1,4}(?:\.\d{1,3})?) seconds\.\.\.")
_REDACTED = "REDACTED"
_SILENT = "aider got no answer from its model"


class AiderLog:
    """Each request has a `message_send_starting`, and a `message_send` once it was answered.

    Aider 0.86.2 ends with 0 when its model cannot be reached at all, and after the last of its retries: then
    a request has no answer. `model` is what it was told to use: its log redacts names that are not public.
    What it spends on messages of commits is not in the log, nor which of its tokens were cached.
    """

    def __init__(self, model: str | None = None) -> None:
        self._model = model
        self._unanswered = self._broken_off = False
        self._attempt = 0
        self._trouble: str | None = None

    def out(self, line: str) -> Iterable[Observation]:
        """Look for retries, and for errors: one that ends with a blank goes on in the next line."""
        again = _AGAIN.fullmatch(line)
        if again:
            self._attempt += 1
            return (Retrying(self._attempt, delay=float(again[1]), words=self._trouble),)
        found = _TROUBLE.search(line)
        words = line[found.start() :] if found else f"{self._trouble} {line}" if self._broken_off else ""
        self._trouble = one_line(words) or self._trouble
        self._broken_off = bool(words) and line.endswith(" ")
        return ()

    def log(self, entry: Mapping[str, Any]) -> Iterable[Observation]:
        """Take an event: the start of a request, its answer with what it has cost, or that it broke."""
        event, properties = entry.get("event"), mapping(entry.get("properties"))
        if event == "message_send_starting":
            self._unanswered, self._attempt = True, 0
        elif event == "message_send":
            self._unanswered = False
            return self._spent(properties)
        elif event == "message_send_exception":
            self._trouble = one_line(properties.get("exception")) or self._trouble
        return ()

    def failure(self) -> str | None:
        """Return why the last request has no answer."""
        words = (self._trouble or _SILENT) if self._unanswered else None
        self._unanswered = self._broken_off = False
        self._attempt, self._trouble = 0, None
        return words

    def memory(self) -> Memory:
        """Return what is known of the present turn."""
        return {
            "read unanswered": self._unanswered,
            "read broken off": self._broken_off,
            "read attempt": self._attempt,
            "read trouble": self._trouble,
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from there."""
        self._unanswered = memory.get("read unanswered") is True
        self._broken_off = memory.get("read broken off") is True
        self._attempt = whole(memory.get("read attempt")) or 0
        self._trouble = one_line(memory.get("read trouble"))

    def _spent(self, properties: Mapping[str, Any]) -> Iterable[Observation]:
        sent, received = (whole(properties.get(key)) or 0 for key in ("prompt_tokens", "completion_tokens"))
        named = text(properties.get("main_model")) or ""
        model = self._model or (named if named != "None" and _REDACTED not in named else None) or None
        # It says 0 where it knows no price.
        cost = dollars(properties.get("cost")) or None
        return (Spent(Tokens(input=sent, output=received), cost, model),) if sent or received or cost else ()
