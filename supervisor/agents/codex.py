"""What is known of Codex, OpenAI's agent: https://developers.openai.com/codex, seen with codex 0.169.0."""

import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from ..errors import Invalid
from ..protocols import Dialogue
from ..records import Command, Job, Permissions
from .dialogues.app_server import AppServer
from .dialogues.screen import Screen

_POLICIES = {
    Permissions.ASK: ("untrusted", "workspace-write"),
    Permissions.EDITS: ("on-request", "workspace-write"),
    Permissions.FULL: ("never", "danger-full-access"),
}
"""Codex's approval policy and sandbox. `untrusted` asks before every edit, and before every command that is
not known to only read."""
_POLICIES_ON_SCREEN = _POLICIES | {Permissions.ASK: ("on-request", "read-only")}
"""Its screen knows no `untrusted`: there what is asked before is all that the sandbox does not allow."""
_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_LONGEST_ARGUMENT = 128 * 1024 - 1
"""Bytes; MAX_ARG_STRLEN of Linux, its final NUL aside (execve(2))."""


class Codex:
    """Run `codex app-server`, or Codex's own screen in a terminal.

    Where its models are and how it pays for them is the user's own configuration in `CODEX_HOME`, and
    `passthrough`, whose entries become `--config KEY=VALUE`. `program` is `codex` on PATH unless told; `env`
    are variables to add. With permissions, the workspace counts as trusted, for this run alone: Codex would
    write it down as trusted for ever, and its screen asks for that before all else.

    The sandbox of `ask` and `edits` keeps `.git` from being written: a commit is a command that is asked for.
    """

    resumes = True
    reads_rules = True

    def __init__(
        self, name: str = "codex", program: str | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.program = program or "codex"
        self._env = env or {}

    def command(self, job: Job) -> Command:
        """Return what to run. Raises `Invalid` for a passthrough that Codex's configuration cannot hold."""
        always: dict[str, Any] = {"check_for_update_on_startup": False}
        if job.permissions:
            always["projects"] = {job.workspace: {"trust_level": "trusted"}}
        wishes = _wishes(job)
        # The app server is told of the wishes in its own language, for the one thread.
        settings = always | wishes if job.terminal else always
        options = [f"--config={key}={_toml(value)}" for key, value in settings.items()]
        taken = always.keys() | wishes.keys()
        options += [self._option(key, value, taken) for key, value in job.passthrough.items()]
        for option in options:
            if len(option.encode(errors="replace")) > _LONGEST_ARGUMENT:
                key = option.split("=")[1]
                raise Invalid(f"{key} of agent {self.name} is too long for an argument: shorten it")
        resume = ("resume", job.conversation) if job.conversation else ()
        argv = (*options, *resume) if job.terminal else ("app-server", *options)
        return Command(argv=(self.program, *argv), env=dict(self._env))

    def dialogue(self, job: Job) -> Dialogue:
        """Return a new dialogue: with the app server, or by what stands on the screen."""
        if job.terminal:
            return Screen(
                ready=("\u203a Ask Codex to do anything",),
                working=("esc to interrupt",),
                asks=(r"Would you like to \w.*\?", r"Trust this folder\?"),
            )
        policy, sandbox = _POLICIES[job.permissions] if job.permissions else (None, None)
        return AppServer(job.workspace, job.conversation, job.model, policy, sandbox, job.rules)

    def _option(self, key: str, value: Any, taken: Collection[str]) -> str:
        where = f"agent_config.passthrough.{key} of agent {self.name}"
        if not _KEY.fullmatch(key):
            raise Invalid(f"{where} is no key of Codex's configuration: write letters, digits, `_`, `-`, `.`")
        if key in taken:
            raise Invalid(f"{where} is set by ennio itself: take it out of the configuration")
        try:
            return f"--config={key}={_toml(value)}"
        except TypeError as error:
            raise Invalid(f"{where} {error}: TOML has no way to write that") from None


def _wishes(job: Job) -> dict[str, Any]:
    """Return what a job says of Codex's configuration, in its words."""
    policy, sandbox = _POLICIES_ON_SCREEN[job.permissions] if job.permissions else (None, None)
    settings = {
        "model": job.model,
        "approval_policy": policy,
        "sandbox_mode": sandbox,
        "developer_instructions": "\n\n".join(job.rules) or None,
    }
    return {key: value for key, value in settings.items() if value is not None}


def _toml(value: Any) -> str:
    """Return a value of TOML 1.0. Raises `TypeError`, which says what is there, where TOML has none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and not _UNWRITABLE.search(value):
        # A basic string takes JSON's escapes; DEL, which JSON leaves bare, has to be one in TOML.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{_toml(str(key))}={_toml(item)}' for key, item in value.items())}}}"
    raise TypeError(f"holds {value!r:.40}, a {type(value).__name__}")
