"""Pull requests, agents, operators, code hosts and servers that do anything at any time."""

import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
import trio
from asking import P
from fake_forges import FAILING, PASSING, PENDING, FakeScm, approval, pull_request, react, request
from fakes import World

from ennio.supervisor import events as e
from ennio.supervisor.errors import EnnioError, ForgeFailed, Throttled
from ennio.supervisor.lifecycle import ended, status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.protocols import Removal
from ennio.supervisor.records import Order, Phase, PullState, SessionRecord
from ennio.supervisor.supervisor import Supervisor

Live = Callable[..., Awaitable[None]]
Clock = trio.abc.Clock
BRANCHES = ("one", "two", "three")
SERVERS, DEEDS = 3, 25


class Chaos:
    """What happens, drawn from a seed."""

    def __init__(self, seed: int, world: World, scm: FakeScm) -> None:
        self.random, self.world, self.scm = random.Random(seed), world, scm
        self.commits = self.numbers = 0

    async def story(self, supervisor: Supervisor) -> None:
        if not supervisor.list(ended=True):
            for branch in BRANCHES:
                await supervisor.spawn(Order(P, prompt="do it", branch=branch))
        async with trio.open_nursery() as nursery:
            for _ in range(DEEDS):
                nursery.start_soon(self._deed, supervisor)
                await trio.sleep(self.random.choice((0.0, 0.3, 3.0, 40.0)))
        for agent in self.world.terminals:
            if agent._exit is None:
                self.world.held[agent.launch.hold.session_id] = agent

    async def _deed(self, supervisor: Supervisor) -> None:
        deeds = [self._push, self._check, self._review, self._decide, self._open, self._host]
        record = self.random.choice(supervisor.list(ended=True))
        if self.random.random() < 0.6:
            self.random.choice(deeds)(record)
            return
        try:
            await self._operate(supervisor, record)
        except EnnioError:  # which is an answer too
            return

    async def _operate(self, supervisor: Supervisor, record: SessionRecord) -> None:
        what = self.random.random()
        if what < 0.4:
            await supervisor.restore(record.id)
        elif what < 0.6:
            await supervisor.send(record.id, Letter("hello"))
        elif what < 0.9:
            running = [one for one in self.world.terminals if one.launch.hold.session_id == record.id]
            running[-1].die(self.random.choice((0, 3)))
        else:
            await supervisor.kill(record.id)

    def _open(self, record: SessionRecord) -> None:
        here = [one for one in self.scm.pulls if one.branch == record.branch]
        if not any(one.state is PullState.OPEN for one in here):
            self.numbers += 1
            self._push(record)
            self.scm.pulls.append(pull_request(self.numbers, record.branch, head=f"c{self.commits}"))

    def _change(self, record: SessionRecord, **facts: object) -> None:
        here = [one for one in self.scm.pulls if one.branch == record.branch]
        if here and here[-1].state is PullState.OPEN:
            self.scm.pulls.remove(here[-1])
            self.scm.pulls.append(here[-1])
            self.scm.is_now(**facts)

    def _push(self, record: SessionRecord) -> None:
        self.commits += 1
        checks = self.random.choice(((), PENDING))
        self._change(record, head=f"c{self.commits}", checks=checks, conflicts=None)

    def _check(self, record: SessionRecord) -> None:
        conflicts = self.random.choice((False, False, True))
        self._push(record)
        self._change(record, checks=self.random.choice((PASSING, FAILING, FAILING)), conflicts=conflicts)

    def _review(self, record: SessionRecord) -> None:
        self.commits += 1
        name = f"r{self.commits}"
        self._change(record, reviews=self.random.choice((request(name), approval(f"c{self.commits}", name))))

    def _decide(self, record: SessionRecord) -> None:
        if self.random.random() < 0.3:
            self._change(record, state=self.random.choice((PullState.CLOSED, PullState.MERGED)))

    def _host(self, record: SessionRecord) -> None:
        errors = (None, None, ForgeFailed("it does not answer"), Throttled("enough", seconds=60))
        error = self.random.choice(errors)
        self.scm.fails = lambda _: error
        self.scm.takes = self.random.choice((0.0, 0.0, 2.0, 50.0))
        self.world.launch_takes = self.random.choice((0.0, 2.0))
        self.world.removal = Removal(self.random.choice((None, "it holds work")))


async def check(supervisor: Supervisor, chaos: Chaos) -> None:
    """Let all come to rest, then see that it is as it must be."""
    chaos.scm.fails, chaos.scm.takes, chaos.world.launch_takes = lambda _: None, 0.0, 0.0
    await trio.sleep(300)
    for record in supervisor.list(ended=True):
        known = supervisor.get(record.id)
        history = await supervisor.history(record.id)
        assert not any(isinstance(one, e.SessionCrashed) for one in history)
        assert known.host_trouble is None or ended(known)
        _is_as_the_host_has_it(known, chaos.scm)
    heard = Counter(_about(text.decode()) for agent in set(chaos.world.terminals) for text in agent.heard)
    assert all(times == 1 for about, times in heard.items() if about is not None), heard


def _about(text: str) -> str | None:
    """Return by what a message to an agent is told from others about its pull request, or None."""
    opening, *_ = text.splitlines()
    commit, review = (
        re.search("^Commit: (.*)$", text, re.MULTILINE),
        re.search("^(ann.*) wrote", text, re.MULTILINE),
    )
    found = review or commit
    return f"{opening} {found[1]}" if found else None


def _is_as_the_host_has_it(record: SessionRecord, scm: FakeScm) -> None:
    cleared = record.phase is Phase.DONE and record.tree is None and record.pull is None
    if record.phase is Phase.KILLED or cleared:
        return
    here = [one for one in scm.pulls if one.branch == record.branch and one.number > record.passed_pull]
    opened = [one for one in here if one.state is PullState.OPEN]
    merged = record.pull is not None and record.pull.state is PullState.MERGED
    if merged:
        assert record.phase is Phase.DONE
        assert status(record) == "Merged"
    elif opened:
        assert record.pull is not None
        assert (record.pull.number, record.pull.head) == (opened[-1].number, opened[-1].head)
    elif here:
        assert record.phase is Phase.DONE
        assert ended(record)


@pytest.mark.parametrize("seed", range(15))
async def test_whatever_happens_each_session_ends_up_as_its_host_has_it_and_nobody_is_told_twice(
    live: Live, world: World, scm: FakeScm, seed: int, autojump_clock: Clock
) -> None:
    chaos = Chaos(seed, world, scm)
    rules = react(approved_and_green={"action": "auto_merge"})
    for _ in range(SERVERS):
        await live(chaos.story, reactions=rules)

    async def at_rest(supervisor: Supervisor) -> None:
        await check(supervisor, chaos)

    await live(at_rest, reactions=rules)
