"""What its documentation says of GitHub Copilot CLI: https://docs.github.com/copilot (ACP server)."""

from collections.abc import Mapping

from ..errors import Invalid
from ..protocols import Dialogue
from ..records import Command, Job, Permissions
from .dialogues.acp import Acp
from .passthrough import flags

_PERMISSIONS = {
    Permissions.ASK: (),
    Permissions.EDITS: ("--allow-tool=write",),
    Permissions.FULL: ("--allow-all",),
}
_OURS = frozenset(
    (
        *("--acp", "--stdio", "--port", "--model", "--allow-all", "--yolo", "--allow-all-tools"),
        *("--resume", "--continue", "--prompt", "-p", "--interactive", "-i"),
    )
)


class Copilot:
    """Run `copilot --acp --stdio`.

    Nobody here has run it: it wants an account, or a model of one's own in `COPILOT_PROVIDER_*`. The command
    line is that of its documentation, and the rest is the protocol's. Its documentation does not say whether
    its server regards `--allow-tool` and `--allow-all`; what it asks for all the same is allowed by the
    dialogue.
    """

    resumes = True
    reads_rules = False

    def __init__(
        self, name: str = "copilot", program: str | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.program = program or "copilot"
        self._env = dict(env or {})

    def command(self, job: Job) -> Command:
        """Return what to run. Raises `Invalid` for a terminal, and for a passthrough that is no flag, or one
        that is set here."""
        self._refuse_terminal(job)
        model = (f"--model={job.model}",) if job.model else ()
        allowed = _PERMISSIONS[job.permissions] if job.permissions else ()
        options = flags(job.passthrough, _OURS, agent=self.name)
        return Command(
            argv=(self.program, "--acp", "--stdio", *model, *allowed, *options), env=dict(self._env)
        )

    def dialogue(self, job: Job) -> Dialogue:
        """Return a new dialogue in the Agent Client Protocol. Raises `Invalid` for a terminal."""
        self._refuse_terminal(job)
        return Acp(job.workspace, conversation=job.conversation, permissions=job.permissions)

    def _refuse_terminal(self, job: Job) -> None:
        if job.terminal:
            advice = 'say runtime = "process" in the project'
            raise Invalid(f"agent {self.name} is not known by what its screen shows: {advice}")
