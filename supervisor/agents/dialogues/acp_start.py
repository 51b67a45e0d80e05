"""How a conversation begins over the Agent Client Protocol: the hello, the session, its mode."""

import re
from collections.abc import Mapping
from typing import Any

from ...observations import Observation, Refused, Started
from .acp_errors import AUTH_REQUIRED, said
from .json_lines import mapping, objects, one_line, text, whole

_VERSION = 1
"""The protocol's version, which only grows when an old client would not understand any more."""

_QWEN_MODEL = re.compile(r"(?:\$runtime\|[^|]*\|)?(.+?)(?:\([\w-]+\))?")
"""qwen 0.15.10 writes the way to its model around the name: `$runtime|openai|MODEL(openai)`."""

Request = tuple[str, dict[str, Any]]


class Start:
    """The requests up to the first prompt, each made when the one before is answered.

    `cwd` is where the agent works. `session` is its name for the conversation, None before it has told.
    """

    def __init__(self, cwd: str, conversation: str | None, modes: tuple[str, ...]) -> None:
        self._cwd, self._conversation, self._modes = cwd, conversation, modes
        self._logins = ""
        self._loads = False
        self._model: str | None = None
        self.session: str | None = None
        self.done = False

    def hello(self) -> Request:
        """Return the first request of all."""
        offers = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}
        who = {"name": "ennio", "version": "0"}
        return "initialize", {"protocolVersion": _VERSION, "clientInfo": who, "clientCapabilities": offers}

    def answered(
        self, method: str, result: Mapping[str, Any], error: object
    ) -> tuple[list[Observation], Request | None]:
        """Take an answer; return what it shows, and what is to be asked next."""
        if error is not None:
            return self._failed(method, error)
        if method == "initialize":
            return self._greeted(result)
        if method == "session/set_mode":
            return self._up(), None
        # An agent need not name the session that it was asked by name to go on with.
        known = self._conversation if method != "session/new" else None
        self.session = one_line(result.get("sessionId")) or known
        if self.session is None:
            return [
                Refused("the agent began a session without saying its id, so it cannot be talked to")
            ], None
        self._model = _model(result)
        mode = self._mode(result)
        if mode is not None:
            return [], ("session/set_mode", {"sessionId": self.session, "modeId": mode})
        return self._up(), None

    def login(self, error: object) -> str:
        """Return what an operator has to do when the agent wants somebody to log in."""
        ways = f" ({self._logins})" if self._logins else ""
        return (
            f"the agent is not logged in: {said(error).rstrip('.')}: log it in once by hand, as the user that"
            f" ennio runs as{ways}, or give it a key in `env` of the agent's configuration"
        )

    def memory(self) -> dict[str, str | bool | None]:
        """Return what has been agreed upon."""
        known = {"session": self.session, "model": self._model, "logins": self._logins}
        return {**known, "loads": self._loads, "done": self.done}

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from there."""
        self.session = one_line(memory.get("session"))
        self._model = one_line(memory.get("model"))
        self._logins = text(memory.get("logins")) or ""
        self._loads = memory.get("loads") is True
        self.done = memory.get("done") is True and self.session is not None

    def _greeted(self, result: Mapping[str, Any]) -> tuple[list[Observation], Request | None]:
        version = result.get("protocolVersion")
        if whole(version) != _VERSION:
            words = f"the agent speaks version {one_line(str(version), 20)} of the Agent Client Protocol"
            return [Refused(f"{words}, ennio version {_VERSION}: use another release of the agent")], None
        ways = (way.get("description") or way.get("name") for way in objects(result.get("authMethods")))
        self._logins = "; or ".join(line for way in ways if (line := one_line(way)))[:500]
        can = mapping(result.get("agentCapabilities"))
        self._loads = can.get("loadSession") is True
        if self._conversation is not None and "resume" in mapping(can.get("sessionCapabilities")):
            return [], ("session/resume", self._again())
        return [], self._load()

    def _failed(self, method: str, error: object) -> tuple[list[Observation], Request | None]:
        if mapping(error).get("code") == AUTH_REQUIRED:
            return [Refused(self.login(error))], None
        # qwen 0.15.10 says that it can resume, and does not know the method.
        if method == "session/resume":
            return [], self._load()
        if method == "session/load":
            return [], self._new()
        doing = {
            "initialize": "to be greeted",
            "session/set_mode": "the permissions that are configured for it",
        }
        return [Refused(f"the agent refuses {doing.get(method, 'to begin a session')}: {said(error)}")], None

    def _load(self) -> Request:
        if self._conversation is None or not self._loads:
            return self._new()
        return "session/load", self._again()

    def _again(self) -> dict[str, Any]:
        return {"sessionId": self._conversation, "cwd": self._cwd, "mcpServers": []}

    def _new(self) -> Request:
        return "session/new", {"cwd": self._cwd, "mcpServers": []}

    def _up(self) -> list[Observation]:
        self.done = True
        return [Started(self.session, self._model)]

    def _mode(self, result: Mapping[str, Any]) -> str | None:
        """Return the mode to set; None where it is set already, or the agent knows none of these."""
        modes = mapping(result.get("modes"))
        known = [mode.get("id") for mode in objects(modes.get("availableModes"))]
        wanted = next((mode for mode in self._modes if mode in known), None)
        return None if wanted == modes.get("currentModeId") else wanted


def _model(result: Mapping[str, Any]) -> str | None:
    options = objects(result.get("configOptions"))
    chosen = next((one.get("currentValue") for one in options if one.get("id") == "model"), None)
    name = one_line(mapping(result.get("models")).get("currentModelId")) or one_line(chosen)
    plain = _QWEN_MODEL.fullmatch(name or "")
    return plain[1] if plain else None
