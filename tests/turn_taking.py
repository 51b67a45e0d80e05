"""An agent with turns, in memory: the language it speaks, the program that speaks it, and its world.

To the agent: `hello`, `server NAME`, `tell TEXT`, `steer TEXT`, `stop`, `allow ASK`, `deny ASK WORDS`.

From it: `who` (which wants `server`), `ready CONVERSATION MODEL`, `turn`, `said TEXT`, `ask ID TOOL SUMMARY`,
`unask ID`, `used TOTAL` (output tokens, a total that only the dialogue makes increments of), `spent COST`,
`retry`, `limit SECONDS`, `refuse WORDS`, `over OUTCOME WORDS`, and `boom`, over which the dialogue raises.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import trio
from fakes import World, supervise
from trio.testing import MockClock

from ennio.supervisor import observations as o
from ennio.supervisor.accounts import Accounts
from ennio.supervisor.config import Budget, Timeouts
from ennio.supervisor.errors import Conflict, Survivor
from ennio.supervisor.events import now
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.ledger import Ledger
from ennio.supervisor.output import Chunk
from ennio.supervisor.project import Project
from ennio.supervisor.protocols import Memory, Store
from ennio.supervisor.records import Command, Handle, Hold, Job, Launch, Tokens, Usage
from ennio.supervisor.supervisor import Supervisor


class TurnTaking:
    """The language. What a message gets to be taken up by is counted, as in real ones."""

    turns = True

    def __init__(self) -> None:
        self._greeted = self._open = False
        self._waiting = self._used = 0
        self._asks: list[str] = []
        self._replies = b""

    @property
    def ready(self) -> bool:
        return self._greeted and not self._open and not self._waiting

    def open(self) -> bytes:
        return b"hello\n"

    def receive(self, line: bytes) -> Iterable[o.Observation]:
        word, _, rest = line.decode().partition(" ")
        return tuple(self._read(word, rest))

    def _read(self, word: str, rest: str) -> Iterable[o.Observation]:  # noqa: PLR0912
        match word:
            case "boom":
                raise ZeroDivisionError(rest)
            case "who":
                self._replies += b"server ennio\n"
            case "ready":
                self._greeted = True
                yield o.Started(*rest.split())
            case "turn":
                self._open, self._waiting = True, max(0, self._waiting - 1)
                yield o.TurnStarted()
            case "said":
                yield o.Said(rest)
            case "ask":
                ask, tool, summary = rest.split(" ", 2)
                self._asks.append(ask)
                yield o.Asked(ask, tool, summary, "{}")
            case "unask":
                if rest in self._asks:
                    self._asks.remove(rest)
                yield o.AskWithdrawn(rest)
            case "used":
                more, self._used = int(rest) - self._used, int(rest)
                yield o.Spent(Tokens(output=more))
            case "spent":
                yield o.Spent(Tokens(), cost=Decimal(rest))
            case "retry":
                yield o.Retrying(status=529)
            case "limit":
                yield o.UsageLimited(now() + timedelta(seconds=float(rest)), "come back later")
            case "refuse":
                yield o.Refused(rest, forgotten="conversation" in rest)
            case "over":
                self._open, self._waiting, self._asks = False, 0, []
                outcome, _, words = rest.partition(" ")
                yield o.TurnEnded(o.Outcome(outcome), words or None)
            case _:
                yield o.Unknown()

    def replies(self) -> bytes:
        replies, self._replies = self._replies, b""
        return replies

    def tell(self, text: str) -> bytes:
        self._waiting += 1
        return f"tell {text.replace(chr(10), ' ')}\n".encode()

    def steer(self, text: str) -> bytes:
        if not self._open:
            return b""
        self._waiting += 1
        return f"steer {text}\n".encode()

    def interrupt(self) -> bytes:
        return b"stop\n" if self._open or self._waiting else b""

    def decide(self, ask: str, *, allow: bool, words: str) -> bytes:
        if ask not in self._asks:
            return b""
        self._asks.remove(ask)
        return f"allow {ask}\n".encode() if allow else f"deny {ask} {words}\n".encode()

    def memory(self) -> Memory:
        flags = {"greeted": self._greeted, "open": self._open, "waiting": self._waiting}
        return {**flags, "used": self._used, "asks": " ".join(self._asks)}

    def recall(self, memory: Mapping[str, object]) -> None:
        self._greeted, self._open = memory["greeted"] is True, memory["open"] is True
        self._waiting, self._used = int(str(memory["waiting"])), int(str(memory["used"]))
        self._asks = str(memory["asks"]).split()

    def readable(self, line: bytes) -> str:
        return line.decode()


class Mute(TurnTaking):
    """A language in which the agent is never ready."""

    @property
    def ready(self) -> bool:
        return False


class TurnTaker:
    """The program. It outlives the servers that hold it. What a message is made of is what it does:

    `ask [N]` asks for N permissions and waits, `cost USD`, `fail`, `limit SECONDS`, `sleep SECONDS`,
    `die CODE`, `print LINE`; all else is a turn of `thinks` seconds.
    """

    def __init__(self, world: "TurnWorld", conversation: str, *, resumed: bool) -> None:
        self.lines: list[str] = []
        self.told: list[str] = []
        self.steered: list[str] = []
        self.answers: dict[str, str] = {}
        self.waits_for: set[str] = set()
        self.used = self.turns = 0
        self.conversation, self._world, self._resumed = conversation, world, resumed
        self.taken = 0
        self.said, self.more = b"", trio.Event()
        self.exit_code: int | None = None
        self.gone, self.tree_gone = trio.Event(), trio.Event()
        self.input_closed = False
        self.graces: list[float] = []
        self._inlet, self._outlet = trio.open_memory_channel[str](10_000)
        self._answered = trio.Event()
        self._turn = trio.CancelScope()

    def say(self, line: str) -> None:
        if not self.gone.is_set():
            self.said += line.encode() + b"\n"
            self.more.set()

    def give(self, data: bytes) -> None:
        """Let it read whole lines."""
        for line in data.decode().splitlines():
            self.lines.append(line)
            self._hear(*line.partition(" ")[::2])

    def die(self, code: int | None) -> None:
        if not self.gone.is_set():
            self.exit_code = code
        self.gone.set()
        self._turn.cancel()

    def end_all(self) -> None:
        self.die(-15)
        self.tree_gone.set()
        self.more.set()

    def _hear(self, word: str, rest: str) -> None:
        match word:
            case "hello":
                self.say("who")
            case "server":
                self.say("refuse no such conversation" if self._forgot else self._greeting)
            case "tell":
                self.told.append(rest)
                self._inlet.send_nowait(rest)
            case "steer":
                self.steered.append(rest)
                self.say("turn")
            case "stop":
                self._turn.cancel()
            case "allow" | "deny":
                ask = rest.partition(" ")[0]
                self.answers.setdefault(ask, word)
                self.waits_for.discard(ask)
                self._answered.set()

    @property
    def _greeting(self) -> str:
        return f"ready {self.conversation} {self._world.model}"

    @property
    def _forgot(self) -> bool:
        return self._resumed and self._world.forgets

    async def run(self) -> None:
        """Work through what it is told, until it is gone."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._work)
            await self.gone.wait()
            nursery.cancel_scope.cancel()

    async def _work(self) -> None:
        async for text in self._outlet:
            self._spend(3)  # before it says that it took the message up
            await trio.sleep(0.1)
            self.say("turn")
            self.turns += 1
            with trio.CancelScope() as self._turn:
                await self._do(*text.partition(" ")[::2])
                continue
            self.waits_for.clear()
            self.say("over cancelled")

    async def _do(self, word: str, rest: str) -> None:
        self._spend(5)
        match word:
            case "ask":
                await self._ask(int(rest or 1))
            case "cost":
                self.say(f"spent {rest}")
            case "limit":
                self.say(f"limit {rest}")
                self.say("over failed at its limit")
                return
            case "fail":
                self.say("over failed it went wrong")
                return
            case "sleep":
                await trio.sleep(float(rest))
            case "die":
                self.die(int(rest.split(maxsplit=1)[0]))
                await trio.sleep_forever()
            case "print":
                self.say(rest)
        await trio.sleep(self._world.thinks)
        self._spend(7)
        self.say("over ok")

    async def _ask(self, number: int) -> None:
        asks = [f"q{self.turns}-{one}" for one in range(number)]
        self.waits_for.update(asks)
        for ask in asks:
            self.say(f"ask {ask} Bash rm -rf {ask}")
        while self.waits_for:
            self._answered = trio.Event()
            await self._answered.wait()

    def _spend(self, tokens: int) -> None:
        self.used += tokens
        self.say(f"used {self.used}")


class TurnTerminal:
    """The hold of one server on the program. Once that server has died, it does nothing any more."""

    def __init__(self, world: "TurnWorld", launch: Launch, agent: TurnTaker) -> None:
        self.launch, self.agent, self._world = launch, agent, world
        self.handle = Handle(pid=4242, start=1, boot_id="boot", incarnation=launch.hold.incarnation)
        self.alone: float | None = None
        self.dead = False
        self.usage_now: Usage | None = None
        self._nobody_knows = agent.gone.is_set()  # as when what held it has gone with it

    @property
    def place(self) -> int:
        return self.taken + 1

    @property
    def taken(self) -> int:
        return 0 if self._nobody_knows else self.agent.taken

    async def write(self, data: bytes, begun: Callable[[], None]) -> None:
        await trio.sleep(self._world.write_begins_after)
        if self.dead or not self._world.reads:
            await trio.sleep_forever()
        if self.agent.gone.is_set():
            raise Conflict("it reads no more")
        assert not self.agent.input_closed, "nothing is written after the end of the input"
        begun()
        self.agent.taken += 1
        self.agent.give(data)
        await trio.sleep(self._world.write_takes)

    async def close_input(self) -> None:
        await trio.lowlevel.checkpoint()
        self.agent.input_closed = True
        if self._world.polite:
            self.agent.die(0)

    async def read(self, after: int) -> Chunk:
        while len(self.agent.said) <= after and not self.agent.tree_gone.is_set():
            self.agent.more = trio.Event()
            await self.agent.more.wait()
        await trio.lowlevel.checkpoint()
        said = self.agent.said
        return Chunk(said[after:], after, len(said))

    async def wait(self) -> int | None:
        await self.agent.gone.wait()
        return self.agent.exit_code

    async def stop(self, grace: float) -> None:
        await trio.sleep(0.01)
        if not self.dead:
            self.agent.graces.append(grace)
            self.agent.end_all()

    def survivors(self) -> tuple[Survivor, ...]:
        return ()

    def usage(self) -> Usage | None:
        return self.usage_now

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


@dataclass(kw_only=True)
class TurnWorld(World):
    """A world whose agents take turns. They live in `life`, which is none of a server's."""

    life: trio.Nursery
    name: str = "turner"
    resumes: bool = True
    model: str = "claude-opus-4-5"
    thinks: float = 1.0
    write_begins_after: float = 0.0
    write_takes: float = 0.0
    forgets: bool = False
    polite: bool = False
    speaks: type[TurnTaking] = TurnTaking
    agents: list[TurnTaker] = field(default_factory=list)
    runs: dict[tuple[SessionId, int], TurnTaker] = field(default_factory=dict)

    def command(self, job: Job) -> Command:
        return Command(("agent", job.conversation or ""))

    async def launch(self, launch: Launch) -> TurnTerminal:
        await trio.sleep(self.launch_takes)
        if self.launch_fails:
            raise self.launch_fails
        conversation = launch.argv[1]
        agent = TurnTaker(self, conversation or f"c{len(self.agents) + 1}", resumed=bool(conversation))
        self.agents.append(agent)
        self.runs[launch.hold.session_id, launch.hold.incarnation] = agent
        self.life.start_soon(agent.run)
        return self._hold(launch, agent)

    async def adopt(self, hold: Hold, handle: Handle | None) -> TurnTerminal:
        await trio.lowlevel.checkpoint()
        agent = self.runs.get((hold.session_id, hold.incarnation))
        if agent is None:
            agent = TurnTaker(self, "", resumed=False)
            agent.die(None)
        return self._hold(Launch(hold, (), {}, "."), agent)

    def _hold(self, launch: Launch, agent: TurnTaker) -> TurnTerminal:
        self.terminals.append(TurnTerminal(self, launch, agent))
        return self.terminals[-1]

    def server_dies(self) -> None:
        """From now on what the present server has in its hands does nothing."""
        for terminal in self.terminals:
            terminal.dead = True

    @property
    def told(self) -> Counter[str]:
        """How often any agent was given each message."""
        return Counter(text for agent in self.agents for text in (*agent.told, *agent.steered))


async def serve(
    life: trio.Nursery,
    projects: Mapping[ProjectId, Project],
    store: Store,
    timeouts: Timeouts,
    *,
    budgets: tuple[Budget, ...] = (),
    **config: Any,
) -> Supervisor:
    """Start a server whose projects have this configuration, and share budgets and accounts; with a guard."""
    ledger, accounts = Ledger(budgets), Accounts()
    wired = {
        name: replace(one, config=replace(one.config, **config), ledger=ledger, accounts=accounts)
        for name, one in projects.items()
    }
    supervisor = supervise(life, wired, store, timeouts)
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, MockClock)
    clock.autojump_threshold = math.inf  # recovery uses a thread, during which no time shall pass
    await supervisor.recover()
    clock.autojump_threshold = 0
    life.start_soon(supervisor.guard_forever)
    return supervisor


async def until(so: Callable[[], object], seconds: float = 1000) -> None:
    """Wait, in virtual time, until something is so."""
    with trio.fail_after(seconds):
        while not so():  # noqa: ASYNC110
            await trio.sleep(0.05)
