"""What systemd is told: an end of ours, and a server that talks to it."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import structlog
import trio
from bare_server import bare_server
from trio.testing import MockClock

from ennio.http.systemd import Systemd
from ennio.supervisor import shared

linux = pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's alone")


class Manager:
    """systemd's end of the line."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(20)

    def hear(self) -> list[str]:
        """Wait for the next word."""
        return self.socket.recv(4096).decode().splitlines()

    def heard(self) -> list[str]:
        """Return all that was said and not heard yet."""
        words = list[str]()
        self.socket.setblocking(False)
        while True:
            try:
                words += self.hear()
            except BlockingIOError:
                return words


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    one = Manager(str(tmp_path / "notify"))
    yield one
    one.socket.close()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(tmp_path / "notify")}


async def test_words_are_told_in_one_piece(manager: Manager, environ: dict[str, str]) -> None:
    await Systemd(environ).tell("READY=1", "STATUS=Listening")
    assert manager.hear() == ["READY=1", "STATUS=Listening"]
    assert manager.heard() == []


@linux
async def test_a_name_that_is_no_file_is_reached_too() -> None:
    manager = Manager(f"\0ennio-test-{os.getpid()}")
    await Systemd({"NOTIFY_SOCKET": f"@ennio-test-{os.getpid()}"}).tell("READY=1")
    assert manager.hear() == ["READY=1"]
    manager.socket.close()


@pytest.mark.parametrize("told", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
async def test_without_a_line_nothing_is_told(told: dict[str, str]) -> None:
    systemd = Systemd({**told, "WATCHDOG_USEC": "1000000"})
    await systemd.tell("READY=1")
    await systemd.keep_alive()


async def test_a_manager_that_is_gone_is_said_and_no_reason_to_end(environ: dict[str, str]) -> None:
    with structlog.testing.capture_logs() as logs:
        await Systemd(environ).tell("READY=1")
    (line,) = logs
    assert line["log_level"] == "warning"


async def test_a_manager_that_does_not_listen_holds_nobody_up(
    manager: Manager, environ: dict[str, str], autojump_clock: MockClock
) -> None:
    systemd = Systemd(environ)
    began = trio.current_time()
    with structlog.testing.capture_logs() as logs:
        while not logs:
            await systemd.tell("STATUS=" + "x" * 500)
    assert trio.current_time() - began < 2
    assert len(manager.heard()) > 1


async def test_it_says_that_it_is_alive_twice_in_each_period(
    manager: Manager, environ: dict[str, str], autojump_clock: MockClock
) -> None:
    with trio.move_on_after(59):
        await Systemd({**environ, "WATCHDOG_USEC": "30000000"}).keep_alive()
    assert manager.heard() == ["WATCHDOG=1"] * 4


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
    ],
)
async def test_where_no_watchdog_waits_for_this_process_none_is_told(
    manager: Manager, environ: dict[str, str], wanted: dict[str, str]
) -> None:
    await Systemd({**environ, **wanted}).keep_alive()
    assert manager.heard() == []


def test_what_agents_get_holds_no_way_to_systemd_and_no_secret_of_a_collector() -> None:
    own = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "OTEL_EXPORTER_OTLP_HEADERS")
    theirs = {"PATH": "/bin", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "MY_NOTIFY_SOCKET": "x"}
    more = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS")
    assert (
        shared({**dict.fromkeys((*own, *more, "OTEL_EXPORTER_OTLP_LOGS_HEADERS"), "x"), **theirs}) == theirs
    )


# A real server.


def test_a_server_says_that_it_is_ready_alive_and_stopping(
    manager: Manager, environ: dict[str, str], tmp_path: Path
) -> None:
    with bare_server(tmp_path, {**environ, "WATCHDOG_USEC": "400000"}) as server:
        said = list[str]()
        while "READY=1" not in said:
            said += manager.hear()
        assert "STOPPING=1" not in said
        assert any(word.startswith("STATUS=Listening on http://127.0.0.1:") for word in said)
        said.clear()
        give_up = time.monotonic() + 20
        while said.count("WATCHDOG=1") < 3:
            assert time.monotonic() < give_up
            said += manager.hear()
        server.end()
        words = manager.heard()
    assert "STOPPING=1" in words
    assert "READY=1" not in words


SLOW = """
import trio
from pathlib import Path
from ennio.supervisor import Supervisor
recover = Supervisor.recover
async def slowly(self):
    while not Path("go on").exists():
        await trio.sleep(0.02)
    await recover(self)
Supervisor.recover = slowly
from ennio.http import server
server._HEAD_START = 0.1
"""


def test_a_server_that_still_takes_over_is_not_ready_and_says_what_it_does(
    manager: Manager, environ: dict[str, str], tmp_path: Path
) -> None:
    with bare_server(tmp_path, environ, SLOW) as server:
        assert manager.hear() == ["STATUS=Taking over what an earlier server left"]
        assert httpx2.get(f"{server.url()}/ready").status_code == 503
        assert httpx2.get(f"{server.url()}/api/v1/health").status_code == 200
        assert manager.heard() == []
        manager.socket.settimeout(20)
        (tmp_path / "go on").touch()
        assert manager.hear()[0] == "READY=1"
        assert httpx2.get(f"{server.url()}/ready").status_code == 200
        server.end()


def test_a_server_that_never_gets_ready_ends_all_the_same(
    manager: Manager, environ: dict[str, str], tmp_path: Path
) -> None:
    with bare_server(tmp_path, environ, SLOW) as server:
        server.url()
        assert server.end() < 9
        assert not [word for word in manager.heard() if word == "READY=1"]
