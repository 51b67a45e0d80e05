"""What is asked of a session, in the imperative; and what its own tasks report to it."""

from dataclasses import dataclass

from .errors import EnnioError
from .mailbox import Reply
from .observations import Observation
from .outbox import Letter
from .protocols import Removal, Terminal
from .reactions import Due
from .records import Activity, Approval, Issue, Mark, Notice, PullRequest, Tree


@dataclass(frozen=True, slots=True)
class Spawn:
    """Make the workspace and start the agent. Answered when it runs, or with why it does not.

    `issue` is what its order is about, where that is one.
    """

    issue: Issue | None = None


@dataclass(frozen=True, slots=True)
class Restore:
    """Start the agent again in its workspace. Answered when it runs, or with why it does not."""

    prompt: str | None


@dataclass(frozen=True, slots=True)
class Abandon:
    """Nobody waits for this start any more: undo it. Answered when it is settled one way or the other."""

    start: Spawn | Restore


@dataclass(frozen=True, slots=True)
class Send:
    """Give this letter to the agent. Answered when it lies in the outbox; the letter has its own replies."""

    letter: Letter


@dataclass(frozen=True, slots=True)
class Kill:
    """End everything of the agent for good. Answered when nothing of it runs."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End everything of the agent, to be restored later. Answered when nothing of it runs."""

    reason: str
    grace: float


@dataclass(frozen=True, slots=True)
class Leave:
    """Clear the workspace of an ended session away if it is clean, and end with it. Answered when settled."""


@dataclass(frozen=True, slots=True)
class Recover:
    """Go on where an earlier server was cut short. Answered when the session is owned again, or settled."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The agent is near a limit, or past it: then end it. `used` and `most` are in the limit's own unit."""

    name: str
    used: float
    most: float


@dataclass(frozen=True, slots=True)
class AgentStarted:
    """The agent runs. Refused when nobody wants it any more: then its incarnation undoes itself."""

    tree: Tree
    terminal: Terminal
    told: bool = False
    """Whether its command line held what it was started for."""


@dataclass(frozen=True, slots=True)
class AgentAdopted:
    """What an earlier server launched is held again, or what is left of it.

    `gone`: it has ended already. If it seems to have been given nothing, nobody knows whether it was.
    """

    terminal: Terminal
    gone: bool = False


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The agent was not started, and what had been made for it is gone. No error: it was called off."""

    error: EnnioError | None
    died: bool = False
    """Whether the server died before it was done."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The agent does something else now."""

    activity: Activity
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A line of the agent's output shows this; `mark` is how far it is taken in with that line."""

    seen: tuple[Observation, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Writing:
    """This letter is about to be written, by the write of that number; None: not yet, by none that is known.

    Refused when nothing may be written.
    """

    letter: Letter
    place: int | None


@dataclass(frozen=True, slots=True)
class Written:
    """This letter was written, whole."""

    letter: Letter
    mark: Mark


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """This letter will not be written any more."""

    letter: Letter
    why: str


@dataclass(frozen=True, slots=True)
class Decide:
    """Answer a permission that the agent waits for. Answered when the agent was given the answer."""

    approval_id: str
    allow: bool
    by: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """The agent was given the answer to what it asked; `reply` is whose wish that was.

    Not `told`: it did not wait for it any more.
    """

    approval: Approval
    allow: bool
    by: str
    reply: Reply
    told: bool = True


@dataclass(frozen=True, slots=True)
class Released:
    """The usage limit of the agent's account is over."""


@dataclass(frozen=True, slots=True)
class OverBudget:
    """A budget is spent, or near that: then `exceeded` is False. `words` say which."""

    words: str
    exceeded: bool


@dataclass(frozen=True, slots=True)
class AgentGone:
    """Nothing of the agent runs any more. `exit_code` is as `Terminal.wait` has it, `alone` as `Terminal`."""

    exit_code: int | None
    alone: float | None = None


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The workspace was removed, or kept with a reason."""

    removal: Removal


@dataclass(frozen=True, slots=True)
class Seen:
    """The code host says this of the session's pull request; None: there is none."""

    facts: PullRequest | None


@dataclass(frozen=True, slots=True)
class Unseen:
    """The code host could not be asked, for this reason: nothing new is known."""

    words: str


@dataclass(frozen=True, slots=True)
class React:
    """What the agent is to be told was put together."""

    due: Due
    text: str


@dataclass(frozen=True, slots=True)
class Reactable:
    """A reaction that was being prepared is not any more: it may begin anew with what is known by now."""

    name: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The pull request was merged, as the reaction had it."""

    due: Due
    number: int
    head: str


@dataclass(frozen=True, slots=True)
class Unable:
    """What a reaction was to do cannot be done: an operator has to know."""

    due: Due
    words: str


@dataclass(frozen=True, slots=True)
class Escalate:
    """The agent was told of this a while ago; tell an operator if nothing has come of it."""

    name: str
    cause: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """Nothing was seen of the agent for so many seconds, though it should be at work."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Complete:
    """It was the last of its project: no session is at work any more. `lines` tell of those since then.

    Without lines another one was the last, and this one is counted with it.
    """

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Noticed:
    """A notifier was given a notice, or could not be: then `words` say why."""

    notice: Notice
    notifier: str
    words: str | None


@dataclass(frozen=True, slots=True)
class Unannounced:
    """The session's issue was not told that work has begun."""

    words: str
