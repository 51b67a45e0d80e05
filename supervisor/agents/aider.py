"""Aider: a process for each message, which share one history; or its own screen in a terminal."""

import sys
from collections.abc import Mapping
from pathlib import Path

from ..errors import Invalid
from ..protocols import Dialogue
from ..records import Command, Job, Permissions
from .dialogues.aider_log import AiderLog
from .dialogues.one_shot import OneShot
from .passthrough import flags

_TURNS = str(Path(__file__).with_name("turns_program.py"))

_HISTORY, _INPUTS, _LOG, _RULES = "aider-history.md", "aider-inputs", "aider-log.jsonl", "aider-rules.md"
"""Files in the session's own folder: in the workspace they would count as work of the agent."""

_CACHE = ".aider.tags.cache.v4"
"""Where it keeps its map of the repository; there is no option for it (seen with 0.86.2)."""

_ENV = {
    # What it prints is seen as it comes.
    "PYTHONUNBUFFERED": "1",
    # It opens a page about an error where every question is answered with yes.
    "BROWSER": "true",
}
_ALWAYS = (
    *("--no-check-update", "--no-show-release-notes", "--no-show-model-warnings", "--no-gitignore"),
    "--no-analytics",
)
"""Nothing is installed, opened, changed or sent unasked."""
_UNATTENDED = ("--no-pretty", "--no-fancy-input", "--no-detect-urls")

_OURS = frozenset(
    (
        *("--message", "--msg", "-m", "--message-file", "-f", "--analytics", "--analytics-disable"),
        *("--analytics-log", "--chat-history-file", "--restore-chat-history", "--input-history-file"),
        *("--no-restore-chat-history", "--yes-always", "--no-yes-always", "--model", "--pretty"),
        *("--fancy-input", "--detect-urls", "--gitignore", *_ALWAYS, *_UNATTENDED),
    )
)

_READY = (r"^(?:[a-z-]+)?> *$",)
_WORKING = (r"^ *[░█#=]+ +Waiting for ",)
_ASKS = ()
"""There is no mark of a question: it stays on the screen once it is answered, and would count for ever."""


class Aider:
    """Run `aider` once for each message; its history, kept beside the workspace, makes them one conversation.

    `program` is where it is, if not on PATH; `env` are variables to add, which may undo ours. It commits by
    itself, and takes a message that begins with `/` or `!` for a command to itself. Permissions: it edits
    without asking, and declines to run the commands that its model suggests; `full` runs them too. It can ask
    in a terminal alone.
    """

    resumes = True
    reads_rules = True

    def __init__(
        self,
        name: str = "aider",
        program: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.program = program or "aider"
        self._env = dict(env or {})

    def command(self, job: Job) -> Command:
        """Return what to run, and begin an empty history for a new conversation.

        Raises `Invalid` for the permissions `ask` without a terminal, and for a passthrough that is no flag,
        or one that is set here.
        """
        files = {} if job.conversation else {_HISTORY: ""}
        if job.rules:
            files[_RULES] = "".join(f"{rule}\n" for rule in job.rules)
        extra = flags(job.passthrough, _OURS, agent=self.name)
        argv = (self.program, *_ALWAYS, *self._files(job), *self._permissions(job), *extra)
        if job.model:
            argv = (*argv, "--model", job.model)
        if not job.terminal:
            # The log is written with --no-analytics too (seen with 0.86.2).
            message = ("--analytics-log", self._in(job, _LOG), "--message-file", "{message_file}")
            options = ("--log", self._in(job, _LOG), "--folder", job.folder, "--ignored", _CACHE)
            python = (sys.executable, "-I", "-S", _TURNS)
            argv = (*python, *options, "--", *argv, *_UNATTENDED, *message)
        return Command(argv=argv, env={**_ENV, **self._env}, files=files)

    def dialogue(self, job: Job) -> Dialogue:
        """Return a new dialogue: turn by turn, or with the screen where it runs in a terminal."""
        if job.terminal:
            from .dialogues.screen import Screen

            return Screen(_READY, _WORKING, _ASKS, conversation=_HISTORY)
        return OneShot(AiderLog(job.model), conversation=_HISTORY)

    def _files(self, job: Job) -> tuple[str, ...]:
        history = ("--restore-chat-history", "--chat-history-file", self._in(job, _HISTORY))
        inputs = ("--input-history-file", self._in(job, _INPUTS))
        return (*history, *inputs, *(("--read", self._in(job, _RULES)) if job.rules else ()))

    def _permissions(self, job: Job) -> tuple[str, ...]:
        if job.permissions is Permissions.ASK:
            if job.terminal:
                return ()
            advice = (
                'set agent_config.permissions to "edits" or "full", or run it in a terminal (runtime tmux)'
            )
            raise Invalid(f"agent {self.name} has no way to ask for permissions: {advice}")
        # Without it, and without a terminal, it takes the default answer to each question: yes, to commands
        # as well, which --yes-always declines (seen with 0.86.2).
        return () if job.permissions is Permissions.FULL and not job.terminal else ("--yes-always",)

    def _in(self, job: Job, name: str) -> str:
        return f"{job.folder}/{name}"
