"""Claude Code, by its stream-json on standard input and output, or by its screen in a terminal."""

import os
from collections.abc import Iterator, Mapping

from ..errors import Invalid
from ..protocols import Dialogue
from ..records import Command, Job, Permissions
from .dialogues.screen import Screen
from .dialogues.stream_json import StreamJson
from .passthrough import flags

_QUIET = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
"""No telemetry, and no update in the middle of a session (documentation of Claude Code, settings)."""

_MODES = {
    Permissions.ASK: "default",
    Permissions.EDITS: "acceptEdits",
    Permissions.FULL: "bypassPermissions",
}
_STREAMS = ("--print", "--verbose", "--input-format", "stream-json", "--output-format", "stream-json")
"""With stream-json it demands --verbose, and takes messages until its input ends (seen with 2.1.197)."""

_OURS = frozenset(
    (
        *("--print", "-p", "--input-format", "--output-format", "--replay-user-messages"),
        *("--permission-prompt-tool", "--permission-mode", "--dangerously-skip-permissions"),
        *("--allow-dangerously-skip-permissions", "--model", "--append-system-prompt"),
        *("--resume", "-r", "--continue", "-c", "--session-id", "--fork-session"),
    )
)
_LONGEST_ARGUMENT = 128 * 1024 - 1
"""Bytes; MAX_ARG_STRLEN of Linux, its final NUL aside (execve(2))."""

_READY = ("\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}", r"\? for shortcuts")
_WORKING = (r"esc to interrupt",)
_ASKS = (r"Do you want to proceed\?", r"Do you want to (?:make this edit|create|overwrite)\b")


class ClaudeCode:
    """Run `claude`, one process for as many messages as there are.

    `program` is where it is, if not on PATH; `env` are variables to add, which may undo ours. Without
    permissions in the project's `agent_config` the person's own settings decide, and what they leave open is
    asked for.
    """

    resumes = True
    reads_rules = True

    def __init__(
        self,
        name: str = "claude-code",
        program: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.program = program or "claude"
        self._env = dict(env or {})

    def command(self, job: Job) -> Command:
        """Return what to run; the prompt is told, and never stands in it.

        Raises `Invalid` for rules that are too long for an argument, and for a passthrough that is no flag,
        or one that is set here.
        """
        argv = (self.program, *self._flags(job), *flags(job.passthrough, _OURS, agent=self.name))
        return Command(argv=argv, env={**_QUIET, **self._as_root(job), **self._env})

    def dialogue(self, job: Job) -> Dialogue:
        """Return a new dialogue: in JSON, or with the screen where it runs in a terminal."""
        if job.terminal:
            return Screen(_READY, _WORKING, _ASKS)
        return StreamJson(resumed=job.conversation is not None)

    def _flags(self, job: Job) -> Iterator[str]:
        if not job.terminal:
            yield from _STREAMS
            # Tells when a message is taken up, which it may be in mid-turn or together with others.
            yield "--replay-user-messages"
            if job.permissions is not Permissions.FULL:
                # Without it, what is not allowed is denied, and nobody is asked.
                yield from ("--permission-prompt-tool", "stdio")
        if job.permissions is not None:
            yield from ("--permission-mode", _MODES[job.permissions])
        if job.model:
            yield f"--model={job.model}"
        if job.conversation:
            # In one word: the name is the agent's own, and must not be taken for a flag.
            yield f"--resume={job.conversation}"
        if rules := "\n".join(job.rules):
            if (size := len(rules.encode(errors="replace"))) > _LONGEST_ARGUMENT:
                most = f"an argument of a program holds at most {_LONGEST_ARGUMENT}"
                where = f"agent_rules of project {job.project_id}"
                raise Invalid(f"{where} are {size} bytes; {most}: shorten them")
            yield from ("--append-system-prompt", rules)

    def _as_root(self, job: Job) -> dict[str, str]:
        # As root it refuses bypassPermissions unless told that it is in a sandbox (seen with 2.1.197).
        # Whoever configures `full` for a server that runs as root has said as much.
        return {"IS_SANDBOX": "1"} if job.permissions is Permissions.FULL and os.geteuid() == 0 else {}
