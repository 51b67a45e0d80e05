"""What is known of Gemini CLI: https://geminicli.com/docs, seen with 0.61.0."""

from collections.abc import Mapping

from ..protocols import Dialogue
from ..records import Command, Job, Permissions
from .dialogues.acp import Acp
from .dialogues.screen import Screen
from .passthrough import flags

_ONE_PROCESS = {"GEMINI_CLI_NO_RELAUNCH": "true"}
"""Else it starts itself a second time to give itself more memory, and the first one only waits."""

_MODES = {Permissions.ASK: "default", Permissions.EDITS: "auto_edit", Permissions.FULL: "yolo"}
_OURS = frozenset(
    (
        *("--acp", "--experimental-acp", "--model", "-m", "--approval-mode", "--yolo", "-y", "--skip-trust"),
        *("--resume", "-r", "--session-id", "--session-file", "--prompt", "-p", "--prompt-interactive", "-i"),
        *("--output-format", "-o", "--worktree", "-w"),
    )
)


class Gemini:
    """Run `gemini --acp`, or its own screen in a terminal.

    The workspace is trusted for the session: else it would ask a person whether to trust it, and refuse to
    work with less than asking for everything. Settings that the repository holds for gemini are in force
    then. It does not go on with earlier conversations: it loads one once, and after that says that there are
    none (`session/load`, issue 28775 of google-gemini/gemini-cli).
    """

    resumes = False
    reads_rules = False

    def __init__(
        self, name: str = "gemini", program: str | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.program = program or "gemini"
        self._env = dict(env or {})

    def command(self, job: Job) -> Command:
        """Return what to run. Raises `Invalid` for a passthrough that is no flag, or one that is set here."""
        protocol = () if job.terminal else ("--acp",)
        model = (f"--model={job.model}",) if job.model else ()
        mode = ("--approval-mode", _MODES[job.permissions]) if job.permissions else ()
        options = flags(job.passthrough, _OURS, agent=self.name)
        argv = (self.program, *protocol, "--skip-trust", *model, *mode, *options)
        return Command(argv=argv, env={**_ONE_PROCESS, **self._env})

    def dialogue(self, job: Job) -> Dialogue:
        """Return a new dialogue in the Agent Client Protocol, or by the screen."""
        if job.terminal:
            return Screen(
                ready=("Type your message",), working=("esc to cancel",), asks=("Allow execution of",)
            )
        return Acp(job.workspace, permissions=job.permissions)
