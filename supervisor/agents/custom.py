"""An agent that the configuration describes: by its command line, and by the language that it speaks."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from ..errors import Invalid
from ..protocols import Dialogue
from ..records import Command, Job
from .dialogues.lines import Lines

_TURNS = str(Path(__file__).with_name("turns_program.py"))
_PLACEHOLDER = re.compile(r"\{(prompt|message_file|session_id|branch|model|workspace|conversation_id)\}")
_OF_A_TURN = re.compile(r"\{(?:prompt|message_file)\}")

_LONGEST_ARGUMENT = 128 * 1024 - 1
"""Bytes; MAX_ARG_STRLEN of Linux, its final NUL aside (execve(2))."""

_RESUMING = frozenset({"acp", "app-server"})
"""Protocols in which an agent is told to go on with a conversation, whatever its command line."""

_ASKING = frozenset({"acp", "app-server"})
"""Protocols in which an agent is told what it may do."""


class Marks(Protocol):
    """The regular expressions of `Screen`, for the protocol `screen`."""

    @property
    def ready(self) -> Sequence[str]:
        """What shows that it may be typed to."""

    @property
    def working(self) -> Sequence[str]:
        """What shows that it works."""

    @property
    def asks(self) -> Sequence[str]:
        """What shows that it waits for an answer."""


class CustomAgent:
    """Run `command`, argv without a shell, and talk to it by `protocol`.

    `{prompt}`, `{session_id}`, `{branch}`, `{model}`, `{workspace}` and `{conversation_id}` are replaced
    wherever they stand, inside an argument too, and only once: a prompt that holds `{branch}` arrives as it
    was written. Nothing guards a prompt that begins with `-`: write `--` or `--prompt={prompt}` where that
    matters.

    `protocol` is `lines`, `stream-json`, `acp`, `app-server`, `one-shot` or `screen`; `marks` are for the
    last. With `one-shot` the command is run for each message, and `{prompt}` is the message, `{message_file}`
    a private file that holds it; where neither stands it is read from standard input. `resume` is run instead
    where there is a conversation to go on with. Where the protocol has no name for that, as in `one-shot`, a
    conversation is called like the session.
    """

    reads_rules = False

    def __init__(
        self,
        name: str,
        command: tuple[str, ...],
        env: Mapping[str, str],
        protocol: str = "lines",
        resume: tuple[str, ...] | None = None,
        marks: Marks | None = None,
    ) -> None:
        self.name = name
        self.program = command[0]
        self.resumes = resume is not None or protocol in _RESUMING
        self._argv, self._resume, self._env = command, resume, env
        self._protocol, self._marks = protocol, marks

    def command(self, job: Job) -> Command:
        """Return what to run; `{prompt}` is empty when there is none, as on a restore.

        Raises `Invalid` for a `{model}` that the project does not configure, for an argument that is too long
        to be one, and for permissions and options that this agent cannot be told of.
        """
        self._check(job)
        template = self._resume if self._resume and job.conversation else self._argv
        values = {
            "prompt": job.prompt or "",
            "session_id": job.session_id,
            "branch": job.branch,
            "model": job.model,
            "workspace": job.workspace,
            "conversation_id": job.conversation or job.session_id,
        }
        if self._protocol == "one-shot":
            return Command(argv=self._turns(job, template, values), env=dict(self._env))
        argv = tuple(self._fill(argument, values) for argument in template)
        holds_prompt = any("{prompt}" in argument for argument in template)
        return Command(argv=argv, env=dict(self._env), holds_prompt=holds_prompt)

    def dialogue(self, job: Job) -> Dialogue:
        """Return a new dialogue in the protocol. Raises `Invalid` for one that nobody knows."""
        speak = _PROTOCOLS.get(self._protocol)
        if speak is None:
            known = ", ".join(_PROTOCOLS)
            raise Invalid(f"agent {self.name} has the protocol {self._protocol!r}; there are: {known}")
        return speak(self, job)

    def _check(self, job: Job) -> None:
        if job.permissions is not None and self._protocol not in _ASKING:
            advice = "take agent_config.permissions out of the project, and say them in the agent's command"
            raise Invalid(f"agent {self.name} speaks {self._protocol}, which knows no permissions: {advice}")
        if job.passthrough:
            advice = "take agent_config.passthrough out of the project, and write the options there"
            raise Invalid(f"agent {self.name} is described by its command: {advice}")

    def _turns(
        self, job: Job, template: tuple[str, ...], values: Mapping[str, str | None]
    ) -> tuple[str, ...]:
        """Return the command of the program that runs this one for each message, and fills in the message."""
        own = {**values, "prompt": "{prompt}", "message_file": "{message_file}"}
        argv = tuple(self._fill(argument, own) for argument in template)
        if len(_OF_A_TURN.findall("\0".join(argv))) != len(_OF_A_TURN.findall("\0".join(template))):
            says = "a branch, model, workspace or conversation that holds {prompt} or {message_file}"
            raise Invalid(f"the command of agent {self.name} has {says}: give it another name")
        folder = ("--folder", job.folder) if job.folder else ()
        return (sys.executable, "-I", "-S", _TURNS, *folder, "--", *argv)

    def _fill(self, argument: str, values: Mapping[str, str | None]) -> str:
        def value(match: re.Match[str]) -> str:
            # Without `one-shot` there is no file of a message, and its name stays as it was written.
            found = values.get(match[1], match[0])
            if found is None:
                advice = "set agent_config.model of the project, or take {model} out of the command"
                raise Invalid(
                    f"the command of agent {self.name} holds {match[0]}, but no model is set: {advice}"
                )
            return found

        filled = _PLACEHOLDER.sub(value, argument)
        size = len(os.fsencode(filled))
        if size > _LONGEST_ARGUMENT:
            most = f"an argument holds at most {_LONGEST_ARGUMENT}"
            advice = "shorten the prompt, or let the agent read it from its input"
            raise Invalid(
                f"the command of agent {self.name} has an argument of {size} bytes; {most}: {advice}"
            )
        return filled

    def _lines(self, job: Job) -> Dialogue:
        return Lines()

    def _stream_json(self, job: Job) -> Dialogue:
        from .dialogues.stream_json import StreamJson

        # The flag of claude, whose dialect it is.
        replays = "--replay-user-messages" in self._argv
        return StreamJson(replays=replays, resumed=self._conversation(job) is not None)

    def _acp(self, job: Job) -> Dialogue:
        from .dialogues.acp import Acp

        return Acp(job.workspace, conversation=self._conversation(job), permissions=job.permissions)

    def _app_server(self, job: Job) -> Dialogue:
        from .codex import Codex

        # Codex's app-server is the only one, and its words for permissions are known there.
        own = replace(job, conversation=self._conversation(job), rules=(), terminal=False)
        return Codex(self.name).dialogue(own)

    def _one_shot(self, job: Job) -> Dialogue:
        from .dialogues.one_shot import OneShot

        return OneShot(conversation=job.session_id if self.resumes else None)

    def _screen(self, job: Job) -> Dialogue:
        from .dialogues.screen import Screen

        marks = self._marks
        return Screen(marks.ready, marks.working, marks.asks) if marks else Screen((), (), ())

    def _conversation(self, job: Job) -> str | None:
        return job.conversation if self.resumes else None


_PROTOCOLS = {
    "lines": CustomAgent._lines,
    "stream-json": CustomAgent._stream_json,
    "acp": CustomAgent._acp,
    "app-server": CustomAgent._app_server,
    "one-shot": CustomAgent._one_shot,
    "screen": CustomAgent._screen,
}
