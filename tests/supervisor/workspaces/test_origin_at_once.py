"""Many who start from one origin at once, and what stands in the way of a fetch."""

import os
import socket

import pytest
import trio
import trio.testing

from ennio.supervisor.workspaces import notes, remains
from ennio.supervisor.workspaces.repository import Repository

MAIN = "refs/remotes/origin/main"


async def _all(keep, spawns):
    """Check out many workspaces at once: (workspace, name, branch) each."""
    trees = {}

    async def one(workspace, name, branch):
        trees[name] = await keep(workspace, name, branch)

    async with trio.open_nursery() as nursery:
        for spawn in spawns:
            nursery.start_soon(one, *spawn)
    return list(trees.values())


async def test_forty_at_once_need_two_fetches(repo, remote, worktrees, keep):
    asked, tip = remote.count(), remote.push()
    workspaces = [worktrees(base="origin"), worktrees(base="origin")]
    trees = await _all(keep, [(workspaces[n % 2], f"s-{n}", None) for n in range(40)])
    assert {(tree.base_commit, tree.warning) for tree in trees} == {(tip, None)}
    assert asked.read_text().count("asked") == 2


async def test_forty_who_ask_for_branches_need_two_looks_and_two_fetches(remote, worktrees, keep):
    tip, theirs, asked = remote.push(), remote.push("work", "feat-7"), remote.count()
    workspace = worktrees(base="origin")
    trees = await _all(keep, [(workspace, f"s-{n}", f"feat-{n}") for n in range(40)])
    assert {tree.warning for tree in trees} == {None}
    assert {tree.branch: tree.base_commit for tree in trees} == {
        f"feat-{n}": theirs if n == 7 else tip for n in range(40)
    }
    assert asked.read_text().count("asked") <= 4


async def test_a_fetch_that_runs_already_serves_nobody_who_asks_now(remote, worktrees, clones, keep, appears):
    gate, asked, trees = remote.path.with_name("gate"), remote.path.with_name("asked"), []
    held = f'echo asked >>"{asked}"; while [ ! -e "{gate}" ]; do sleep 0.01; done'
    remote.serve_by(f'{held}; exec git-upload-pack "$1"')

    async def one(workspace, name):
        trees.append(await keep(workspace, name))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one, worktrees(base="origin"), "s-1")
        await appears(asked)
        nursery.start_soon(one, worktrees(base="origin"), "s-2")
        nursery.start_soon(one, clones(base="origin"), "s-3")
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert asked.read_text().count("asked") == 1
        gate.touch()
    assert asked.read_text().count("asked") == 2
    assert [tree.warning for tree in trees] == [None] * 3


async def test_who_fetches_for_others_may_be_cancelled(repo, remote, worktrees, keep, appears):
    tip, first, trees = remote.push(), remote.path.with_name("first"), []
    remote.serve_by(f'mkdir "{first}" && exec sleep 1000; exec git-upload-pack "$1"')

    async def one(name):
        trees.append(await keep(worktrees(base="origin"), name))

    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as doomed:
                doomed.start_soon(one, "s-1")
                await appears(first)
                nursery.start_soon(one, "s-2")
                nursery.start_soon(one, "s-3")
                await trio.testing.wait_all_tasks_blocked(0.05)
                scope.cancel()
    assert [(tree.base_commit, tree.warning) for tree in trees] == [(tip, None)] * 2


async def test_nobody_asks_again_what_did_not_answer_while_he_waited(remote, worktrees, keep):
    asked, workspace = remote.path.with_name("asked"), worktrees(base="origin", fetch_within=0.4)
    remote.serve_by(f'echo asked >>"{asked}"; exec sleep 1000')
    trees = await _all(keep, [(workspace, f"s-{n}", None) for n in range(5)])
    assert all("within 0.4 s" in tree.warning for tree in trees)
    assert asked.read_text().count("asked") == 1


async def test_nobody_waits_for_a_fetch_of_somebody_else(repo, remote, worktrees, keep, appears):
    pid = remote.hang()
    repo.git("branch", "there")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, worktrees(base="origin"), "s-1")
        await appears(pid)
        with trio.fail_after(10):
            await keep(worktrees(), "s-2")
            await keep(worktrees(base="origin"), "s-3", branch="there")
        nursery.cancel_scope.cancel()


async def test_somebody_else_s_fetch_at_the_same_moment_does_no_harm(repo, remote, worktrees, keep, host):
    lock, tip = repo.path / ".git" / f"{MAIN}.lock", remote.push()
    lock.touch()

    async def end_theirs(number):
        if host.commands().count("fetch") == 2:
            lock.unlink(missing_ok=True)

    host.before = end_theirs
    tree = await keep(worktrees(base="origin"))
    assert (tree.base_commit, tree.warning) == (tip, None)


async def test_a_lock_that_stays_is_told_and_left(repo, remote, worktrees, keep):
    lock, known = repo.path / ".git" / f"{MAIN}.lock", repo.git("rev-parse", MAIN)
    remote.push()
    lock.touch()
    tree = await keep(worktrees(base="origin"))
    assert tree.base_commit == known
    assert "cannot lock ref" in tree.warning
    assert lock.exists()


async def test_a_name_that_another_stands_in_the_way_of_is_told_to_nobody_else(repo, remote, worktrees, keep):
    repo.git("update-ref", "refs/remotes/origin/feat", "main")
    remote.push("work", "feat/one")
    tip = remote.push()
    workspace = worktrees(base="origin")
    trees = await _all(keep, [(workspace, "s-1", "other"), (workspace, "s-2", "feat/one")])
    told = {tree.branch: tree.warning for tree in trees}
    assert {tree.base_commit for tree in trees} == {tip}
    assert told["other"] is None
    assert "cannot lock ref 'refs/remotes/origin/feat/one'" in told["feat/one"]


async def test_git_that_is_killed_while_it_writes_leaves_no_lock(repo, remote, worktrees, keep, root):
    known, hook = repo.git("rev-parse", MAIN), repo.path / ".git/hooks/reference-transaction"
    remote.push()
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" != prepared ] || { rm "$0"; sleep 1000; }\n')
    hook.chmod(0o755)
    tree = await keep(worktrees(base="origin", fetch_within=0.5))
    assert not hook.exists()
    assert "within 0.5 s" in tree.warning
    assert (tree.base_commit, repo.git("rev-parse", MAIN)) == (known, known)
    assert list((repo.path / ".git").rglob("*.lock")) == []


async def test_packs_are_not_kept_for_a_fetch_that_is_dead(repo, worktrees):
    packs, since = repo.path / ".git/objects/pack", notes.stamp()
    dead = await trio.lowlevel.open_process(["true"])
    await dead.wait()
    here = socket.gethostname()
    keepers = {
        "gone": f"fetch-pack {dead.pid} on {here}\n",
        "alive": f"fetch-pack {os.getpid()} on {here}\n",
        "elsewhere": f"fetch-pack {dead.pid} on {here}.elsewhere\n",
        "user": "do not touch\n",
        "older": f"fetch-pack {dead.pid} on {here}\n",
    }
    for name, words in keepers.items():
        (packs / f"pack-{name}.keep").write_text(words)
    os.utime(packs / "pack-older.keep", (since - 9, since - 9))
    await remains.clear(Repository(worktrees().git, repo.path), [MAIN], since)
    left = {file.stem.removeprefix("pack-") for file in packs.glob("*.keep")}
    assert left == keepers.keys() - {"gone"}


@pytest.mark.parametrize("how", ["before", "beside", "after"])
@pytest.mark.parametrize("kind", ["worktrees", "clones"])
async def test_cancelled_at_any_moment_it_never_was(request, repo, remote, keep, root, cancel_at, kind, how):
    workspace = request.getfixturevalue(kind)(base="origin")
    root.mkdir()
    before = repo.state(root)
    for number in range(1, 50):
        with cancel_at(how, number) as scope:
            await keep(workspace, branch="feat")
        if not scope.cancelled_caught:
            break
        assert repo.state(root) == before
    assert 6 < number < 49


async def test_it_costs_a_look_and_a_fetch_more(remote, worktrees, keep, host):
    workspace = worktrees(base="origin")
    await keep(workspace, "s-1")
    host.ran.clear()
    await keep(workspace, "s-2")
    assert host.commands() == ["config", "fetch", "update-ref", "worktree", "reset"]
