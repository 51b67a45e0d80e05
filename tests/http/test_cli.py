"""The command line as a program: its words, its exit codes, and what it loads."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ennio.http.cli import app, main

HEAVY = {
    "trio",
    "httpx2",
    "httpcore2",
    "pydantic",
    "quart",
    "structlog",
    "hypercorn",
    "psutil",
    "ssl",
    "asyncio",
}
CLIENT_COMMANDS = [
    ["status"],
    ["spawn", "app", "-p", "Fix"],
    ["send", "app-1", "hi"],
    ["logs", "app-1"],
    ["logs", "-f", "app-1"],
    ["open", "app-1"],
    ["messages", "app-1"],
    ["approvals"],
    ["approvals", "app-1"],
    ["approve", "app-1", "a1"],
    ["deny", "app-1", "a1"],
    ["budgets"],
    ["why", "app-1"],
    ["prune"],
    ["session", "list"],
    ["session", "info", "app-1"],
    ["session", "kill", "app-1"],
    ["session", "restore", "app-1"],
]


def ennio(
    *arguments: str, cwd: Path | None = None, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "ennio.http.cli", *arguments]
    return subprocess.run(
        argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


def typed(
    *arguments: str, cwd: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Run the command line in this very process: exit code, standard output, standard error."""
    monkeypatch.chdir(cwd)
    monkeypatch.setattr("sys.argv", ["ennio", *arguments])
    try:
        code = main()
    except SystemExit as end:
        code = int(end.code or 0)
    return code, *capsys.readouterr()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a configuration whose server does not run."""
    repository = tmp_path / "app"
    subprocess.run(["git", "init", "--quiet", repository], check=True)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    (tmp_path / "ennio.toml").write_text(
        f'port = {port}\ndata_dir = "state"\n[defaults]\nagent = "demo"\n'
        '[[projects]]\nname = "app"\npath = "app"\n'
    )
    return tmp_path


def test_help_loads_nothing_heavy() -> None:
    show = (
        "import sys\nsys.argv = ['ennio', '--help']\n"
        "from ennio.http.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert end.code == 0\n"
        "print('LOADED', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.partition("LOADED")[2].split())
    assert "ennio.http.cli" in loaded
    assert not loaded & HEAVY


def test_help_names_every_command() -> None:
    words = CliRunner().invoke(app, ["--help"]).output
    talking = ("spawn", "send", "session", "logs", "open", "messages", "approvals", "approve", "deny", "why")
    for command in ("init", "start", "stop", "status", *talking, "budgets", "prune", "doctor"):
        assert f"  {command} " in words


def test_the_version_is_told() -> None:
    assert ennio("--version").stdout.startswith("ennio 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["--format", "xml", "status"],
        ["spawn"],
        ["spawn", "app"],
        ["send", "app-1"],
        ["send", "app-1", "hi", "--mode", "shout"],
        ["approve", "app-1"],
        ["session"],
        ["status", "one", "two"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_would_be_right(
    project: Path,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = typed(*arguments, cwd=project, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2
    assert "ennio" in out + err


@pytest.mark.parametrize("arguments", [*CLIENT_COMMANDS, ["start"], ["stop"]])
def test_without_a_configuration_every_command_ends_with_2(
    tmp_path: Path,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = typed(*arguments, cwd=tmp_path, monkeypatch=monkeypatch, capsys=capsys)
    assert (code, out) == (2, "")
    assert err.startswith("ennio: there is no ennio.toml")


def test_a_wrong_configuration_ends_with_2_and_names_the_key(project: Path) -> None:
    (project / "ennio.toml").write_text("prot = 3000\n")
    done = ennio("status", cwd=project)
    assert done.returncode == 2
    assert "ennio.toml:1: `prot`" in done.stderr


@pytest.mark.parametrize("arguments", CLIENT_COMMANDS)
def test_without_a_server_every_client_command_ends_with_1_and_one_line(
    project: Path,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = typed(*arguments, cwd=project, monkeypatch=monkeypatch, capsys=capsys)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "Connection refused" in err
    assert "`ennio start`" in err


def test_a_server_that_chose_its_port_and_does_not_run_is_missed_too(project: Path) -> None:
    (project / "ennio.toml").write_text('port = 0\ndata_dir = "state"\n')
    done = ennio("status", cwd=project)
    assert done.returncode == 1
    assert "no server runs" in done.stderr


def test_the_configuration_can_be_elsewhere(project: Path) -> None:
    done = ennio("--config", str(project / "ennio.toml"), "status", cwd=Path("/"))
    assert done.returncode == 1
    assert "`ennio start`" in done.stderr


def test_stop_without_a_server_ends_with_1(project: Path) -> None:
    done = ennio("stop", cwd=project)
    assert done.returncode == 1
    assert done.stderr.startswith("ennio: no server runs on ")


def test_a_reader_that_goes_away_is_no_noise(project: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = ennio("doctor", cwd=project, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_full_disk_is_told_without_a_traceback(project: Path) -> None:
    with open("/dev/full", "w") as full:
        done = ennio("doctor", cwd=project, stdout=full.fileno())
    assert done.returncode == 1
    assert done.stderr == "ennio: the output cannot be written: No space left on device\n"


HEEDING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""What runs in the background of a shell inherits that interrupts are ignored; nobody at a keyboard does."""


def test_ctrl_c_ends_with_130_and_no_noise(project: Path) -> None:
    """The server accepts and never answers; the signal comes once it was asked."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        (project / "ennio.toml").write_text(f'port = {port}\ndata_dir = "state"\n')
        argv = [sys.executable, "-c", f"{HEEDING}; from ennio.http.cli import main; main()", "status"]
        with subprocess.Popen(argv, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as asking:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(1)
                asking.send_signal(signal.SIGINT)
                said, _ = asking.communicate(timeout=20)
    assert (asking.returncode, said) == (130, b"")
