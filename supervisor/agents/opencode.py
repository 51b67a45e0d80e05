"""What is known of opencode: https://opencode.ai/docs, seen with 1.18.33."""

import json
import os
from collections.abc import Mapping
from typing import Any

from ..errors import Invalid
from ..protocols import Dialogue
from ..records import Command, Job, Permissions
from .dialogues.acp import Acp
from .dialogues.screen import Screen
from .passthrough import flags

_CONTENT = "OPENCODE_CONFIG_CONTENT"
"""A variable that holds configuration as JSON, and wins over its files."""

_QUIET = {"OPENCODE_DISABLE_AUTOUPDATE": "1"}

_READS: dict[str, Any] = {
    "*": "ask",
    "read": {"*": "allow", "*.env": "deny", "*.env.*": "deny", "*.env.example": "allow"},
    **dict.fromkeys(("glob", "grep", "list", "lsp", "todoread", "todowrite", "skill", "task"), "allow"),
}
"""Only what reads in the workspace, and starts tools that are asked for themselves, goes without asking."""
_PERMISSIONS: dict[Permissions, dict[str, Any]] = {
    Permissions.ASK: _READS,
    Permissions.EDITS: {**_READS, "edit": "allow"},
    Permissions.FULL: {"*": "allow"},
}
_OURS = frozenset({"--cwd", "--session", "-s", "--continue", "-c", "--model", "-m", "--prompt", "--auto"})


class OpenCode:
    """Run `opencode acp`, or its own screen in a terminal.

    Permissions and model reach it in the variable `OPENCODE_CONFIG_CONTENT`, over what that holds in `env` or
    in the server's environment; the last rule that matches wins, so rules for other tools there stay in
    force. Without permissions opencode's own configuration decides: that is, nearly everything is allowed.
    Where that names no model, it takes a free one of its maker, which then gets to see the code.
    """

    resumes = True
    reads_rules = False

    def __init__(
        self, name: str = "opencode", program: str | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.program = program or "opencode"
        self._env = dict(env or {})

    def command(self, job: Job) -> Command:
        """Return what to run.

        Raises `Invalid` for a passthrough that is no flag, or one that is set here, and for a variable
        `OPENCODE_CONFIG_CONTENT` that holds no JSON object.
        """
        options = flags(job.passthrough, _OURS, agent=self.name)
        env = {**_QUIET, **self._env, **self._configuration(job)}
        if not job.terminal:
            return Command(argv=(self.program, "acp", *options), env=env)
        resume = (f"--session={job.conversation}",) if job.conversation else ()
        return Command(argv=(self.program, *resume, *options), env=env)

    def dialogue(self, job: Job) -> Dialogue:
        """Return a new dialogue in the Agent Client Protocol, or by the screen."""
        if job.terminal:
            # "Ask anything" stands there before the first turn alone; each one ends with how long it took.
            ready = ("Ask anything", r"\u25a3 .+ \u00b7 [\d.]+m?s\b")
            return Screen(ready=ready, working=("esc interrupt",), asks=("Permission required",))
        return Acp(job.workspace, conversation=job.conversation, permissions=job.permissions)

    def _configuration(self, job: Job) -> dict[str, str]:
        if job.permissions is None and job.model is None:
            return {}
        given = self._env.get(_CONTENT, os.environ.get(_CONTENT, "")) or "{}"
        try:
            config = json.loads(given)
        except (ValueError, RecursionError) as error:
            raise Invalid(f"{_CONTENT} of agent {self.name} is no JSON: {error}") from error
        if not isinstance(config, dict):
            raise Invalid(f"{_CONTENT} of agent {self.name} is JSON, but no object: write {{...}}")
        if job.model is not None:
            config["model"] = job.model
        if job.permissions is not None:
            rules, theirs = _PERMISSIONS[job.permissions], config.get("permission")
            more = theirs if isinstance(theirs, dict) else {}
            config["permission"] = {**rules, **{tool: more[tool] for tool in more if tool not in rules}}
        return {_CONTENT: json.dumps(config)}
