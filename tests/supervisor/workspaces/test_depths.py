"""Trees deeper than any recursion, and than any path that can be named, are looked into and removed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from ennio.supervisor.errors import HookFailed
from ennio.supervisor.workspaces import folders
from ennio.supervisor.workspaces.descent import descend
from ennio.supervisor.workspaces.digest import digest

DIG = "import os\nfor _ in range(1500):\n    os.mkdir({0!r}); os.chdir({0!r})\nopen('end', 'w').close()\n"
NAMES = ["d", "d" * 200]


@pytest.fixture(autouse=True)
def _fill_in(tmp_path):
    """Leave no tree that pytest, which removes old folders by recursion, could not remove."""
    yield
    subprocess.run(["rm", "-rf", *tmp_path.iterdir()], check=True)


def dig(folder: Path, name: str) -> None:
    """Make 1500 folders, one in the other, as no path could name them."""
    folder.mkdir(exist_ok=True)
    fd = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir(name, dir_fd=fd)
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("end", os.O_CREAT, dir_fd=fd))
    os.close(fd)


@pytest.mark.parametrize("name", NAMES)
def test_a_deep_tree_is_taken_away(tmp_path, name):
    dig(tmp_path / "s-1", name)
    folders.put_aside(tmp_path / "s-1")
    folders.remove_aside(tmp_path / "s-1")
    assert not list(tmp_path.iterdir())


def test_where_symlinks_lead_nothing_is_removed(tmp_path):
    (tmp_path / "else").mkdir()
    (tmp_path / "else/file").touch()
    (tmp_path / "s-1/below").mkdir(parents=True)
    (tmp_path / "s-1/below/link").symlink_to(tmp_path / "else")
    folders.put_aside(tmp_path / "s-1")
    folders.remove_aside(tmp_path / "s-1")
    assert [p.name for p in tmp_path.rglob("*")] == ["else", "file"]


def test_a_symlink_that_was_put_aside_is_removed_and_not_followed(tmp_path):
    (tmp_path / "else").mkdir()
    (tmp_path / "s-1").symlink_to(tmp_path / "else")
    folders.put_aside(tmp_path / "s-1")
    folders.remove_aside(tmp_path / "s-1")
    assert [p.name for p in tmp_path.iterdir()] == ["else"]


def test_all_folders_are_given_parents_first_and_no_descriptor_stays_open(tmp_path):
    for path in ("b/x", "a/y/z", "a/x"):
        (tmp_path / path).mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    given = ["/".join(place.names) for place in descend(tmp_path)]
    assert given == ["", "a", "a/x", "a/y", "a/y/z", "b", "b/x"]
    walk = descend(tmp_path)
    next(walk)
    walk.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_folder_that_is_moved_away_meanwhile_leads_nowhere_else(tmp_path):
    (tmp_path / "top/a/b").mkdir(parents=True)
    (tmp_path / "else").mkdir()
    walk = descend(tmp_path / "top")
    places = [next(walk), next(walk), next(walk)]
    assert places[-1].names == ("a", "b")
    (tmp_path / "top/a/b").rename(tmp_path / "else/b")
    with pytest.raises(OSError, match="moved meanwhile"):
        next(walk)


@pytest.mark.parametrize("name", NAMES)
def test_a_deep_tree_has_a_digest_that_its_end_changes(tmp_path, name):
    dig(tmp_path / "deep", name)
    before = digest(tmp_path / "deep", "", lambda: None)
    assert before.startswith("folder:")
    assert digest(tmp_path / "deep", "", lambda: None) == before
    for place in descend(tmp_path / "deep"):
        if place.others:
            os.unlink("end", dir_fd=place.fd)
    assert digest(tmp_path / "deep", "", lambda: None) != before


@pytest.mark.parametrize("kind", ["worktrees", "clones"])
@pytest.mark.parametrize("name", NAMES)
async def test_a_spawn_that_fails_with_a_deep_tree_tells_why_and_leaves_nothing(
    request, repo, keep, root, kind, name
):
    (repo.path.parent / "dig.py").write_text(DIG.format(name))
    command = f"{sys.executable} {root.parent}/dig.py; echo no luck; exit 3"
    root.mkdir()
    before = repo.state(root)
    with pytest.raises(HookFailed, match="no luck") as caught:
        await keep(request.getfixturevalue(kind)(post_create=(command,)))
    assert not hasattr(caught.value, "__notes__")
    assert repo.state(root) == before


async def test_a_deep_tree_that_git_ignores_goes_with_its_workspace(repo, worktrees, keep):
    repo.commit(".gitignore", "cache\n")
    workspace = worktrees()
    tree = await keep(workspace)
    await trio.to_thread.run_sync(dig, Path(tree.path) / "cache", "d")
    assert (await workspace.remove(tree)).kept is None
    assert not Path(tree.path).exists()


async def test_what_is_too_deep_for_git_to_see_keeps_the_workspace(worktrees, keep):
    workspace = worktrees()
    tree = await keep(workspace)
    await trio.to_thread.run_sync(dig, Path(tree.path) / "deep", "d" * 200)
    assert (await workspace.remove(tree)).kept.endswith("File name too long: deep")


@pytest.mark.parametrize("kind", ["worktrees", "clones"])
@pytest.mark.parametrize("command", ["rm -rf .git", 'rm -rf "$PWD"'])
async def test_a_post_create_that_breaks_the_repository_is_told_so(request, repo, keep, root, kind, command):
    root.mkdir()
    before = repo.state(root)
    with pytest.raises(HookFailed, match="after post_create the workspace is no git repository any more"):
        await keep(request.getfixturevalue(kind)(post_create=(command,)))
    assert repo.state(root) == before
