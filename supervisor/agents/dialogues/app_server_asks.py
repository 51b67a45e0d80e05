"""The permissions that Codex asks for, as requests of JSON-RPC that wait for their answer."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ...observations import Asked, AskWithdrawn, Observation
from .app_server_items import files, script
from .json_lines import mapping, objects, one_line, parsed, text, written

_PREFIX = "ask "
_LONGEST_INPUT = 64 * 1024
"""Bytes of an `Asked.input`."""
_CUT_INPUT = 32_000
"""Characters of a longer one that are shown: as JSON in JSON each may take two."""
_LONGEST_NAME = 64
_MOST_EDITS = 64
_MOST_PATHS = 100

Id = int | str
"""JSON-RPC 2.0, section 4: what names a request. Codex counts from 0, anew in each process."""


class Asks:
    """What Codex waits for, with the answers that allow and deny it ready for use.

    A request to change files does not say which: that stands in the item which began before it.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Id, str | None, dict[str, Any], dict[str, Any]]] = {}
        self._edits: dict[str, Mapping[str, Any]] = {}

    def edit_begun(self, item: Mapping[str, Any]) -> None:
        """Remember an item that changes files: permission for it may be asked."""
        name = text(item.get("id"))
        if name is not None:
            self._edits[name] = _brief(item)
        while len(self._edits) > _MOST_EDITS:
            del self._edits[next(iter(self._edits))]

    def edit_done(self, item: Mapping[str, Any]) -> None:
        """Forget such an item."""
        self._edits.pop(text(item.get("id")) or "", None)

    def ask(self, number: Id, method: str, params: Mapping[str, Any]) -> Asked | None:
        """Return what a request asks for; None when it asks for no permission, or cannot be named."""
        answers = _answers(method, params)
        ask = str(number)
        if answers is None or len(ask) > _LONGEST_NAME:
            return None
        self._waiting[ask] = (number, text(params.get("threadId")), *answers)
        edit = self._edits.get(text(params.get("itemId")) or "", {})
        tool, line = _what(method, params, edit)
        return Asked(ask, tool, line, _bounded({**params, **edit}))

    def decide(self, ask: str, *, allow: bool) -> bytes:
        """Return the answer; nothing if it is not waited for."""
        if ask not in self._waiting:
            return b""
        number, _, allowed, denied = self._waiting.pop(ask)
        return written({"id": number, "result": allowed if allow else denied})

    def resolved(self, number: object) -> Iterable[Observation]:
        """Take in that Codex waits for a request no more, if it was not answered here."""
        ask = str(request_id(number))
        if self._waiting.pop(ask, None) is None:
            return ()
        return (AskWithdrawn(ask),)

    def over(self, thread: str | None) -> list[Observation]:
        """Take in that a thread's turn is over: it waits no more, though Codex says so only afterwards."""
        asks = [ask for ask, (_, whose, *_) in self._waiting.items() if whose == thread]
        for ask in asks:
            del self._waiting[ask]
        return [AskWithdrawn(ask) for ask in asks]

    def memory(self) -> dict[str, str]:
        """Return what is waited for, as plain values."""
        return {
            f"{_PREFIX}{ask}": json.dumps({"id": number, "thread": thread, "allow": allow, "deny": deny})
            for ask, (number, thread, allow, deny) in self._waiting.items()
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take in again what `memory` returned; what is odd is left out."""
        for key, value in memory.items():
            if key.startswith(_PREFIX) and isinstance(value, str):
                kept = parsed(value.encode(errors="replace")) or {}
                number = request_id(kept.get("id"))
                if number is not None and {"allow", "deny"} <= kept.keys():
                    answers = mapping(kept["allow"]), mapping(kept["deny"])
                    self._waiting[key.removeprefix(_PREFIX)] = (number, text(kept.get("thread")), *answers)


def request_id(value: object) -> Id | None:
    """Return the name of a request, None for what cannot be one."""
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _answers(method: str, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the answers that allow and deny, as the schema of codex 0.169.0 has them."""
    if method == "mcpServer/elicitation/request":
        # A server's own question is a form to fill in; whether Codex may call it is a bare yes or no.
        if mapping(params.get("_meta")).get("codex_approval_kind") != "mcp_tool_call":
            return None
        return {"action": "accept", "content": {}}, {"action": "decline", "content": None}
    if method == "item/permissions/requestApproval":
        return {"permissions": mapping(params.get("permissions")), "scope": "turn"}, {"permissions": {}}
    if method.endswith("/requestApproval"):
        return {"decision": "accept"}, {"decision": "decline"}
    return None


def _brief(edit: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes of an item, without what they are where that is too much to be kept."""
    changes = edit.get("changes")
    if len(json.dumps(changes)) > _LONGEST_INPUT // 2:
        changes = [{"path": one_line(change.get("path"))} for change in objects(changes)[:_MOST_PATHS]]
    return {"changes": changes}


def _what(method: str, params: Mapping[str, Any], edit: Mapping[str, Any]) -> tuple[str, str]:
    """Return the tool and a short line."""
    reason = one_line(params.get("reason")) or one_line(params.get("message")) or ""
    if method == "item/fileChange/requestApproval":
        return "edit", files(edit) or reason
    if "command" in params:
        return "shell", one_line(script(params["command"])) or reason
    if method == "mcpServer/elicitation/request":
        parts = (params.get("serverName"), mapping(params.get("_meta")).get("tool_name"))
        return one_line("/".join(part for part in parts if isinstance(part, str))) or "mcp", reason
    return method.removeprefix("item/").removesuffix("/requestApproval"), reason


def _bounded(params: Mapping[str, Any]) -> str:
    """Return JSON of at most `_LONGEST_INPUT` bytes: a longer one as the text of its beginning."""
    whole = json.dumps(params)
    return whole if len(whole) <= _LONGEST_INPUT else json.dumps({"cut": whole[:_CUT_INPUT]})


def asked_for(method: str, params: Mapping[str, Any]) -> str:
    """Return the line that tells people that a permission is asked for; nothing for what asks for none.

    What for stands in the item that began before.
    """
    if _answers(method, params) is None:
        return ""
    tool, _ = _what(method, params, {})
    reason = one_line(params.get("reason")) or one_line(params.get("message"))
    return f"[{tool}] waits for permission{f': {reason}' if reason else ''}"
