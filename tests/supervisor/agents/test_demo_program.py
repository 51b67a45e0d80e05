"""The demo program as a real process in a real git repository."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from ennio.supervisor.agents import demo_program

SCRIPT = Path(demo_program.__file__)
PATIENCE = 20.0


def git(folder: Path, *arguments: str) -> str:
    config = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    argv = ["git", *config, *arguments]
    return subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=feat")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=first")
    return folder


class Demo:
    """One running demo program, and all that it has printed so far."""

    def __init__(self, tree: Path, mark: str) -> None:
        self.env = {**os.environ, "ENNIO_BRANCH": "feat", "ENNIO_MARK": mark}
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", SCRIPT],
            cwd=tree,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.printed = ""

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def until(self, words: str) -> str:
        """Read until a line holds these words, and return that line."""
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            self.printed += raw.decode()
            if words in raw.decode():
                return raw.decode().strip()
        raise AssertionError(f"it ended without {words!r}: {self.printed}")

    def all(self, *lines: str) -> str:
        """Tell it these lines and no more, and return all that it prints."""
        told = "".join(f"{line}\n" for line in lines).encode()
        out, _ = self.process.communicate(told, timeout=PATIENCE)
        return out.decode()

    def ended(self) -> int:
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait(PATIENCE)


@pytest.fixture
def demo(tree: Path, tmp_path: Path) -> Iterator[Demo]:
    running = Demo(tree, str(tmp_path))
    try:
        yield running
    finally:
        running.process.kill()
        while left := in_folder(tree):
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        running.close()


def in_folder(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_it_greets_with_its_pid_folder_and_branch(demo: Demo, tree: Path) -> None:
    greeting = demo.until("demo agent")
    assert f"pid {demo.process.pid}, in {tree}, on feat" in greeting


def test_it_ends_with_0_when_its_input_ends(demo: Demo) -> None:
    assert "goodbye" in demo.all()
    assert demo.ended() == 0


def test_a_task_is_noted_and_committed(demo: Demo, tree: Path) -> None:
    printed = demo.all("Fix the login page", "and José's tests")
    assert "a task: Fix the login page" in printed
    assert (tree / "NOTES.md").read_text() == "- Fix the login page\n- and José's tests\n"
    log = git(tree, "log", "--format=%s|%an|%ae|%cn|%ce", "--max-count=1")
    assert log == "and José's tests|ennio demo agent|demo@localhost|ennio demo agent|demo@localhost"
    assert git(tree, "status", "--porcelain") == ""


def test_a_task_commits_nothing_but_its_note(demo: Demo, tree: Path) -> None:
    demo.all("write other.txt hello", "a task")
    assert git(tree, "show", "--name-only", "--format=") == "NOTES.md"
    assert git(tree, "status", "--porcelain") == "?? other.txt"


def test_its_identity_is_not_the_environment_s(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "somebody@example.org")
    Demo(tree, str(tmp_path)).all("a task")
    assert git(tree, "log", "--format=%an %ce", "--max-count=1") == "ennio demo agent demo@localhost"


def test_it_leaves_git_s_configuration_alone(demo: Demo, tree: Path) -> None:
    before = (tree / ".git/config").read_bytes()
    demo.all("a task")
    assert (tree / ".git/config").read_bytes() == before


def test_signing_is_not_asked_for(demo: Demo, tree: Path) -> None:
    git(tree, "config", "commit.gpgsign", "true")
    assert "committed" in demo.all("a task")


def test_files_are_written_appended_and_committed(demo: Demo, tree: Path) -> None:
    printed = demo.all("write src/a.txt one  two", "append src/a.txt three", "commit the first file")
    assert (tree / "src/a.txt").read_text() == "one  two\nthree\n"
    assert "wrote src/a.txt" in printed
    assert git(tree, "log", "--format=%s", "--max-count=1") == "the first file"
    assert git(tree, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["../out", "/etc/hosts.new", ".git/config", "sub/../.git/x", "link/x", "."])
def test_what_is_outside_of_the_worktree_is_not_written(demo: Demo, tree: Path, name: str) -> None:
    (tree / "link").symlink_to(tree.parent)
    before = (tree / ".git/config").read_bytes()
    assert "I cannot: " in demo.all(f"write {name} text")
    assert (tree / ".git/config").read_bytes() == before
    assert {path.name for path in tree.parent.iterdir()} == {"tree"}


def test_nothing_to_commit_is_said_and_survived(demo: Demo) -> None:
    printed = demo.all("commit nothing", "say still here")
    assert "I cannot: git commit ended with 1: " in printed
    assert "still here" in printed


def test_a_program_is_run_without_a_shell(demo: Demo, tree: Path) -> None:
    printed = demo.all("run printf %s_%s 'a b' $HOME;", "run false", "run no-such-program", "run 'open")
    assert "a b_$HOME;" in printed
    assert "false ended with 1" in printed
    assert "cannot run no-such-program: No such file" in printed
    assert "No closing quotation" in printed


def test_status_and_log_show_the_worktree(demo: Demo) -> None:
    printed = demo.all("write a.txt x", "status", "log")
    assert "?? a.txt" in printed
    assert printed.splitlines()[-2].endswith("first")


def test_help_names_every_command(demo: Demo) -> None:
    printed = demo.all("help")
    assert all(f"  {usage} " in printed for usage in demo_program.COMMANDS)


@pytest.mark.parametrize(
    "line",
    ["stop using tabs", "fork x", "exit now", "exit 256", "sleep well", "fork 101", "sleep nan", "hang on"],
)
def test_a_sentence_that_begins_like_a_command_is_a_task(demo: Demo, line: str) -> None:
    assert f"a task: {line}" in demo.all(line)


def test_blank_lines_and_odd_bytes_do_no_harm(demo: Demo) -> None:
    out, _ = demo.process.communicate(b"\n  \n\xff\x00\nsay last", timeout=PATIENCE)
    assert out.decode().endswith("last\nno more messages; goodbye\n")
    assert demo.ended() == 0


def test_hang_reads_no_more(demo: Demo) -> None:
    demo.tell("hang")
    demo.until("hanging")
    demo.tell("say hello")
    with pytest.raises(subprocess.TimeoutExpired):
        demo.process.wait(0.2)
    demo.process.terminate()
    assert demo.ended() == -signal.SIGTERM


def test_flood_prints_without_end(demo: Demo) -> None:
    demo.tell("flood")
    assert demo.process.stdout is not None
    assert len(demo.process.stdout.read(4_000_000)) == 4_000_000


def test_a_flood_can_be_for_some_seconds(demo: Demo) -> None:
    assert "the flood is over" in demo.all("flood 0.1")


def test_fork_leaves_children_outside_of_the_process_tree(demo: Demo, tree: Path) -> None:
    demo.tell("fork 3")
    demo.until("left 3 children")
    children = [process for process in in_folder(tree) if process.pid != demo.process.pid]
    assert len(children) == 3
    assert not psutil.Process(demo.process.pid).children()
    assert len({os.getsid(child.pid) for child in children} | {demo.process.pid}) == 4


def test_hide_clears_the_environment_of_its_children(demo: Demo, tree: Path) -> None:
    demo.tell("hide 2")
    demo.until("hid 2 children")

    def hidden() -> list[psutil.Process]:
        return [p for p in in_folder(tree) if "ENNIO_MARK" not in p.environ()]

    eventually(lambda: len(hidden()) == 2)


def test_a_bomb_goes_on_in_ever_new_processes_and_comes_to_an_end(demo: Demo, tree: Path) -> None:
    demo.tell("bomb 0.5")
    demo.until("the bomb is lit")
    seen: set[int] = set()

    def many() -> bool:
        seen.update(process.pid for process in in_folder(tree))
        return len(seen) > 3

    eventually(many)
    eventually(lambda: [process.pid for process in in_folder(tree)] == [demo.process.pid])


def test_ignore_term_outlives_sigterm(demo: Demo) -> None:
    demo.tell("ignore-term")
    demo.until("I ignore SIGTERM")
    demo.process.terminate()
    demo.tell("say still here")
    assert demo.until("still here") == "still here"


def test_children_inherit_the_ignored_sigterm(demo: Demo, tree: Path) -> None:
    demo.tell("ignore-term")
    demo.tell("fork 1")
    demo.until("left 1")
    child = next(process for process in in_folder(tree) if process.pid != demo.process.pid)
    child.terminate()
    with pytest.raises(psutil.TimeoutExpired):
        child.wait(0.2)


def test_stop_stops_itself_until_it_is_continued(demo: Demo) -> None:
    demo.tell("stop")
    eventually(lambda: psutil.Process(demo.process.pid).status() == psutil.STATUS_STOPPED)
    demo.process.send_signal(signal.SIGCONT)
    demo.until("I was continued")


def test_crash_ends_with_a_traceback(demo: Demo) -> None:
    assert "RuntimeError: the demo agent was told to crash" in demo.all("crash")
    assert demo.ended() == 1


def test_exit_ends_with_that_code(demo: Demo) -> None:
    demo.all("exit 42")
    assert demo.ended() == 42


def test_slow_and_sleep_take_their_time(demo: Demo) -> None:
    demo.until("demo agent")
    start = time.monotonic()
    demo.all("sleep 0.2", "slow 0.2", "say hello")
    assert time.monotonic() - start > 0.4
