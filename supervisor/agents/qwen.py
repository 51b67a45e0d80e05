"""What is known of Qwen Code: https://qwenlm.github.io/qwen-code-docs, seen with 0.15.10."""

from collections.abc import Mapping

from ..protocols import Dialogue
from ..records import Command, Job, Permissions
from .dialogues.acp import Acp
from .dialogues.screen import Screen
from .passthrough import flags

_MODES = {Permissions.ASK: "default", Permissions.EDITS: "auto-edit", Permissions.FULL: "yolo"}
_OURS = frozenset(
    (
        *("--acp", "--experimental-acp", "--model", "-m", "--approval-mode", "--yolo", "-y"),
        *(
            "--resume",
            "-r",
            "--continue",
            "-c",
            "--session-id",
            "--prompt",
            "-p",
            "--prompt-interactive",
            "-i",
        ),
        *("--input-format", "--output-format", "-o"),
    )
)


class Qwen:
    """Run `qwen --acp`, or its own screen in a terminal.

    Whatever the permissions are, it does not ask for commands that it takes for reading only. When it waits
    to ask its model once more after a failure, it leaves off only after that wait, which can be over 10 s. A
    conversation that it does not know it begins anew, under the same name and without a word.
    """

    resumes = True
    reads_rules = False

    def __init__(
        self, name: str = "qwen", program: str | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.program = program or "qwen"
        self._env = dict(env or {})

    def command(self, job: Job) -> Command:
        """Return what to run. Raises `Invalid` for a passthrough that is no flag, or one that is set here."""
        protocol = () if job.terminal else ("--acp",)
        model = (f"--model={job.model}",) if job.model else ()
        mode = ("--approval-mode", _MODES[job.permissions]) if job.permissions else ()
        resume = (f"--resume={job.conversation}",) if job.terminal and job.conversation else ()
        options = flags(job.passthrough, _OURS, agent=self.name)
        return Command(argv=(self.program, *protocol, *model, *mode, *resume, *options), env=dict(self._env))

    def dialogue(self, job: Job) -> Dialogue:
        """Return a new dialogue in the Agent Client Protocol, or by the screen."""
        if job.terminal:
            return Screen(
                ready=("Type your message",),
                working=("esc to cancel",),
                asks=("Waiting for user confirmation",),
            )
        return Acp(job.workspace, conversation=job.conversation, permissions=job.permissions)
