"""What is there because of a session: its workspace, and the hold on its agent."""

from dataclasses import dataclass, field

from ..ids import SessionId


@dataclass(frozen=True, slots=True)
class Tree:
    """A session's workspace on disk, as plain data: what its removal must know after a restart too.

    `base_commit` is where the work started. `branch_made`: the checkout created the branch.
    `baseline` names what was uncommitted before the agent was started (`post_create`, symlinks),
    each path with a signature of what stood there. `base_ref` is the full name of the ref that gave
    `base_commit`, None where that was not told. `warning` is one sentence for an operator when the work was
    to start at what origin has by now, and origin could not be asked.
    """

    path: str
    branch: str
    base_commit: str
    branch_made: bool
    baseline: dict[str, str] = field(default_factory=dict)
    base_ref: str | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Where one incarnation of a session's agent is held, and how: what a restarted server can tell again.

    `incarnation` counts the starts of one session from 1. `folder` is the session's own: its output is kept
    below it, of which `keep_bytes` are. When the agent ends by itself, what it left running has `grace`
    seconds to end. An agent may go on for `orphan_timeout` seconds without a server.
    """

    session_id: SessionId
    incarnation: int
    folder: str
    keep_bytes: int
    grace: float
    orphan_timeout: float

    @property
    def output(self) -> str:
        """The folder that keeps what the agent says."""
        return f"{self.folder}/output"


@dataclass(frozen=True, slots=True)
class Launch:
    """What a runtime is asked to start, with its whole environment and the limits of its tree."""

    hold: Hold
    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    memory_bytes: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tree of processes takes: how many there are, and how many bytes of memory they do not share."""

    processes: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Handle:
    """A running agent as plain data: enough to prove later that a pid is still the same process.

    `start` is field 22 of /proc/PID/stat in clock ticks since boot (proc(5)), 0 where there is none.
    `holder` is the process that holds the agent and outlives the server, 0 where there is none.
    `output_start` is the byte at which this incarnation's output begins. `runtime` is who launched it.
    """

    pid: int
    start: int
    boot_id: str
    incarnation: int
    output_start: int = 0
    holder: int = 0
    holder_start: int = 0
    runtime: str = "process"
