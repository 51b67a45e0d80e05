"""Every command that the pages show is run as it stands there, or is named here with the reason why not."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from installed import ENNIO, Server, has, make_repository, running, settings
from shown import PAGES, about, commands, everywhere, takes_session

from ennio.http.cli import main

NOT_RUN = {
    "ennio start": "the server of this test is started by it",
    "ennio stop": "it is run last, when all else is done",
    "ennio top": "needs a terminal",
    "ennio open ID": "needs a terminal; tests/http/commands/test_opening.py runs it",
    "ennio open ID --pr": "needs a pull request and a browser; tests/http/commands/test_pulls.py runs it",
    "make install": "downloads what it installs",
    "make run": "is `ennio start` with the configuration of the demo",
}
REFUSED = {
    "ennio wait ID --until Approved": "Killed, not Approved",
    "ennio wait ID --until Approved --until Merged": "Killed, not Approved or Merged",
}
"""What is about a session that will never be what is waited for: exit code 1, with these words."""
EITHER = {"ennio doctor"}
"""What may end with 0 or 1: that depends on the machine."""
ENDLESS = re.compile(r"ennio events -f|curl --no-buffer")
"""What goes on until Ctrl-C."""

ISSUE = {
    "number": 42,
    "title": "The login page is broken",
    "body": "It is.",
    "state": "open",
    "html_url": "https://github.com/me/my-app/issues/42",
    "labels": [{"name": "bug"}],
}
ASKER = """
import json, sys
def say(**message): print(json.dumps(message), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "user":
        say(type="system", subtype="init", session_id="s-1", model="m")
        asked = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "npm publish"}}
        say(type="control_request", request_id="r1", request=asked)
    elif message["type"] == "control_response" or message["request"]["subtype"] == "interrupt":
        if message["type"] == "control_request":
            say(type="control_response", response={"subtype": "success", "request_id": message["request_id"]})
        say(type="result", subtype="success", is_error=False)
"""


class World(BaseHTTPRequestHandler):
    """What is outside: a tracker, and a chat that is told things."""

    def do_GET(self) -> None:
        content: Any = ISSUE if self.path.endswith("/42") else [ISSUE]
        self._answer(200, json.dumps(content).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200, b"{}")

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def outside() -> Iterator[str]:
    """Serve it for the block, and yield where."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), World)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Shop:
    """A server with all that the commands of the pages are about."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self._ready: dict[str, str] = {}

    def session(self, command: str) -> str:
        """Return a session of the kind that a command can be about; most can share one."""
        if "approve" in command or "deny" in command or "--mode" in command:
            asking = self.server.spawn("asking")["id"]
            self._until(asking, "approvals", 1)
            return str(asking)
        if command in REFUSED or command.startswith("ennio session restore"):
            return self._once("killed" if command in REFUSED else "exited")
        if "commit" in command:
            session = self.server.spawn("demo", prompt="write hello.txt Hello")["id"]
            self.server.wait_for(session, "wrote hello.txt")
            return str(session)
        if "kill" in command or "ignore-term" in command:
            return str(self.server.spawn("demo")["id"])
        return self._once("exited" if "logs -f" in command else "running")

    def _once(self, kind: str) -> str:
        known = self._ready.get(kind)
        runs = known and self.server.data("GET", f"/sessions/{known}")["status"] == "Working"
        if known is None or kind == "exited" or (kind == "running" and not runs):
            session = self.server.spawn("demo", prompt="exit 3" if kind == "exited" else "say hello")["id"]
            if kind == "killed":
                self.server.data("DELETE", f"/sessions/{session}")
            if kind == "exited":
                self._until(session, "status", "Exited")
            self._ready[kind] = session
        return self._ready[kind]

    def _until(self, session: str, field: str, value: Any) -> None:
        give_up = time.monotonic() + 10
        while (shown := self.server.data("GET", f"/sessions/{session}"))[field] != value:
            assert time.monotonic() < give_up, shown
            time.sleep(0.02)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "asker.py").write_text(ASKER)
    with outside() as world:
        tracker = f'{{ owner = "me", repo = "my-app", token = "t", api_url = "{world}" }}'
        chats = "".join(
            f'[[notifiers]]\nname = "{name}"\nplugin = "webhook"\nconfig = {{ url = "{world}" }}\n'
            for name in ("chat", "file")
        )
        more = (
            f"{chats}"
            f"[agents.asker]\ncommand = {json.dumps([sys.executable, str(folder / 'asker.py')])}\n"
            'protocol = "stream-json"\n'
            '[[projects]]\nname = "asking"\npath = "repo"\nagent = "asker"\n'
            '[[projects]]\nname = "my-app"\npath = "repo"\nagent = "demo"\n'
            f'tracker_config = {{ plugin = "github", config = {tracker} }}\n'
            '[[budgets]]\nscope = "global"\nperiod = "daily"\nlimit_usd = 5\n'
        )
        with running(folder, settings(more, "idle_after = 0.3\n[timeouts]\nkill_grace = 0.2")) as server:
            yield Shop(server, folder)
            stopped = subprocess.run([ENNIO, "stop"], cwd=folder, capture_output=True, text=True, check=True)
            assert stopped.stdout == f"stopped the server (pid {server.process.pid})\n"
            assert server.gone() is None


@pytest.mark.parametrize("command", [one for one in everywhere() if one not in NOT_RUN])
def test_it_does_what_it_is_shown_for(
    command: str,
    shop: Shop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    needed = "curl" if command.startswith("curl") else "bash" if "completion" in command else "sh"
    if not has(needed):
        pytest.skip(f"{needed} is missing")
    session = shop.session(command) if takes_session(command) else ""
    typed = about(command, session).replace("http://127.0.0.1:3000", shop.server.url)
    folder = shop.folder
    if command.startswith("ennio init"):
        folder = make_repository(tmp_path / "new", 1)
        typed = typed.replace("/path/to/repository", str(folder))
    monkeypatch.chdir(folder)
    if ENDLESS.match(command):
        in_words = endless(typed, folder)
    elif re.search(r"[|&]|\$|^curl|completion|^ennio mcp", typed):
        in_words = in_a_shell(typed, session, tmp_path)
    else:
        monkeypatch.setattr("sys.argv", shlex.split(typed))
        code = ended()
        printed = capfd.readouterr()
        in_words = printed.out + printed.err
        assert code == (1 if command in REFUSED else 0) or (command in EITHER and code == 1), in_words
        if command in REFUSED:
            assert REFUSED[command] in in_words
    if command.startswith("curl"):
        assert '"error"' not in in_words, in_words


def ended() -> int:
    """Run the command line here, with nothing to read, and return its exit code."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    kept = os.dup(0)
    os.dup2(nothing, 0)
    try:
        return main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(nothing)


def in_a_shell(typed: str, session: str, home: Path) -> str:
    """Run a command that needs a shell, in one with a home of its own; insist on success."""
    env = {**os.environ, "HOME": str(home), "id": session}
    env["PATH"] = f"{Path(ENNIO).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [shutil.which("bash") or "sh", "-c", f"{typed}\nexit $?"],
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=20,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


HEEDING = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL);"
    " os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Run a command that heeds Ctrl-C, which what a script has started in its background does not."""


def endless(typed: str, folder: Path) -> str:
    """Run a command until it has said something, or for a second, and end it by Ctrl-C."""
    words = shlex.split(typed)
    argv = [sys.executable, "-c", HEEDING, *([ENNIO, *words[1:]] if words[0] == "ennio" else words)]
    with subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert process.returncode in {130, -signal.SIGINT}, err
    return out.decode()


def test_what_is_not_run_is_shown_somewhere() -> None:
    assert NOT_RUN.keys() - set(everywhere()) <= {"ennio top"}
    assert REFUSED.keys() <= set(everywhere())


def test_there_are_commands_in_all_pages_for_operators() -> None:
    with_some = {page.name for page in PAGES if commands(page.read_text())}
    for name in ("quick-start", "containment", "recovery", "budgets", "plugins", "commands"):
        assert f"{name}.md" in with_some
    assert len(everywhere()) > 60


def test_words_are_completed() -> None:
    env = {**os.environ, "_ENNIO_COMPLETE": "complete_bash", "COMP_WORDS": "ennio ses", "COMP_CWORD": "1"}
    done = subprocess.run([ENNIO], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["session"]
