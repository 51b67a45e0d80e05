"""The permissions that an agent asks for over the Agent Client Protocol, and what is answered."""

import json
import posixpath
from collections.abc import Mapping
from typing import Any

from ...records import Permissions
from .json_lines import mapping, objects, one_line, text, written

_MOST = 100
"""Questions that may be open at a time; more are answered as cancelled."""

_LONGEST_ID = 200
"""Characters of an id of the agent's that is still kept."""

_INPUT_BYTES = 64 * 1024


class Asks:
    """The open questions of one agent, by the text of the id that it gave each.

    `permissions` are what is allowed here without asking anybody: everything with `full`; with `edits` the
    changes of files below `cwd`, as the agent names them: nobody looks where a symbolic link leads.
    """

    def __init__(self, cwd: str, permissions: Permissions | None) -> None:
        self._cwd, self._permissions = posixpath.normpath(cwd), permissions
        self._open: dict[str, tuple[int | str, str | None, str | None]] = {}

    def open(self, number: object, params: Mapping[str, Any]) -> str | None:
        """Take a question up; return its name, None if it cannot be kept."""
        if type(number) is not int and not isinstance(number, str):
            return None
        name = str(number)
        if len(name) > _LONGEST_ID or len(self._open) >= _MOST:
            return None
        options = objects(params.get("options"))
        self._open[name] = (number, _option(options, "allow"), _option(options, "reject"))
        return name

    def allowed(self, call: Mapping[str, Any]) -> bool:
        """Return whether this needs nobody's word."""
        if self._permissions is not Permissions.EDITS or call.get("kind") != "edit":
            return self._permissions is Permissions.FULL
        named = [
            mapping(item).get("path") for key in ("locations", "content") for item in objects(call.get(key))
        ]
        paths = [path for path in named if path is not None]
        return bool(paths) and all(isinstance(path, str) and self._inside(path) for path in paths)

    def answer(self, name: str, *, allow: bool) -> bytes:
        """Return the answer to an open question, and close it; empty when there is none of this name."""
        if name not in self._open:
            return b""
        number, yes, no = self._open.pop(name)
        return selected(number, yes if allow else no)

    def cancelled(self) -> bytes:
        """Return the answers that the protocol wants of who cancels a turn; they stay until it has ended."""
        return b"".join(selected(number, None) for number, _, _ in self._open.values())

    def withdraw(self) -> list[str]:
        """Close all questions without an answer; return their names."""
        names = list(self._open)
        self._open.clear()
        return names

    def memory(self) -> dict[str, str]:
        """Return the open questions."""
        return {"asks": json.dumps(list(self._open.values()))} if self._open else {}

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on with open questions."""
        try:
            asks = json.loads(text(memory.get("asks")) or "[]")
        except (ValueError, RecursionError):
            return
        for ask in asks if isinstance(asks, list) else ():
            match ask:
                case [int() | str() as number, str() | None as yes, str() | None as no]:
                    self._open[str(number)] = (number, yes, no)

    def _inside(self, path: str) -> bool:
        whole = posixpath.normpath(posixpath.join(self._cwd, path))
        return whole.startswith(f"{self._cwd}/")


def selected(number: object, option: str | None) -> bytes:
    """Return the answer that chooses an option; None: the question is cancelled."""
    outcome = {"outcome": "cancelled"} if option is None else {"outcome": "selected", "optionId": option}
    return written({"jsonrpc": "2.0", "id": number, "result": {"outcome": outcome}})


def shown(call: Mapping[str, Any]) -> str:
    """Return all that is said of a tool call, as JSON text of at most 64 KiB: the beginning of a longer one,
    as a JSON string."""
    content = call.get("rawInput") or {
        key: call[key] for key in ("title", "kind", "locations", "content") if key in call
    }
    whole = text(json.dumps(content, ensure_ascii=False)) or ""
    if len(whole.encode()) <= _INPUT_BYTES:
        return whole
    # Half of it: in a string of its own every quote and every backslash becomes two bytes.
    return json.dumps(
        whole.encode()[: _INPUT_BYTES // 2 - 8].decode(errors="ignore") + "…", ensure_ascii=False
    )


def _option(options: list[dict[str, Any]], verb: str) -> str | None:
    """Return the option that allows or rejects, once rather than for ever."""
    kinds = {one_line(option.get("kind"), 60): option.get("optionId") for option in reversed(options)}
    once = [
        kinds.get(f"{verb}_once"),
        *(kinds[kind] for kind in reversed(kinds) if kind and kind.startswith(verb)),
    ]
    return next((found for found in once if isinstance(found, str) and len(found) <= _LONGEST_ID), None)
