"""An agent that the configuration describes by its command line."""

import os
import re
from collections.abc import Mapping

from ..errors import Invalid
from ..protocols import Dialogue
from ..records import Command, Job
from .lines import Lines

_PLACEHOLDER = re.compile(r"\{(prompt|session_id|branch|model|workspace)\}")

_LONGEST_ARGUMENT = 128 * 1024 - 1
"""Bytes; MAX_ARG_STRLEN of Linux, its final NUL aside (execve(2))."""


class CommandAgent:
    """Run `command`, argv without a shell, and talk to it in lines.

    `{prompt}`, `{session_id}`, `{branch}`, `{model}` and `{workspace}` are replaced wherever they stand,
    inside an argument too, and only once: a prompt that holds `{branch}` arrives as it was written.
    Nothing guards a prompt that begins with `-`: write `--` or `--prompt={prompt}` where that matters.
    """

    def __init__(self, name: str, command: tuple[str, ...], env: Mapping[str, str]) -> None:
        self.name = name
        self.program = command[0]
        self._argv, self._env = command, env
        self._holds_prompt = any("{prompt}" in argument for argument in command)

    def command(self, job: Job) -> Command:
        """Return what to run; `{prompt}` is empty when there is none, as on a restore.

        Raises `Invalid` for a `{model}` that the project does not configure, and for an argument that is
        too long to be one.
        """
        values = {
            "prompt": job.prompt or "",
            "session_id": job.session_id,
            "branch": job.branch,
            "model": job.model,
            "workspace": job.workspace,
        }
        argv = tuple(self._fill(argument, values) for argument in self._argv)
        return Command(argv=argv, env=dict(self._env), holds_prompt=self._holds_prompt)

    def dialogue(self) -> Dialogue:
        """Return a new dialogue in lines."""
        return Lines()

    def _fill(self, argument: str, values: Mapping[str, str | None]) -> str:
        def value(match: re.Match[str]) -> str:
            found = values[match[1]]
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
