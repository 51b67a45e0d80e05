"""The server as a process: how it begins, what holds it up, and that nothing does."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trustme

START = """
import sys
from pathlib import Path
from ennio.http import server
from ennio.supervisor.config import load
sys.exit(server.serve(load(Path("ennio.toml"))))
"""
HEALTH = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Running:
    """A server without projects, in a folder of its own."""

    def __init__(self, folder: Path, port: int, config: str, start: str) -> None:
        (folder / "ennio.toml").write_text(f'port = {port}\ndata_dir = "state"\n{config}')
        self.lock, self.log = folder / "state" / "lock", folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-c", start], cwd=folder, stderr=log)

    def told(self) -> list[dict[str, Any]]:
        """Return the log."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def url(self) -> str:
        """Wait until it listens; return where."""
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up and self.process.poll() is None:
            for line in self.told():
                if line["event"] == "listening":
                    return str(line["url"])
            time.sleep(0.01)
        raise AssertionError(self.log.read_text())

    def ready(self) -> str:
        """Wait until it takes work; return where."""
        url, give_up = self.url(), time.monotonic() + 20
        while httpx2.get(f"{url}/ready").json() != {"data": "ready"}:
            assert time.monotonic() < give_up, self.log.read_text()
            time.sleep(0.01)
        return url

    def client(self) -> socket.socket:
        """Connect to it."""
        return socket.create_connection(("127.0.0.1", int(self.url().rpartition(":")[2])), timeout=10)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Ask it to end; return its exit code and how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(20), time.monotonic() - began


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start servers; end what a test left of them."""
    all_of_them: list[Running] = []

    def run(config: str = "", *, folder: str = "one", port: int = 0, start: str = START) -> Running:
        (tmp_path / folder).mkdir(exist_ok=True)
        all_of_them.append(Running(tmp_path / folder, port, config, start))
        return all_of_them[-1]

    yield run
    for one in all_of_them:
        one.process.kill()
        one.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_with_0(start: Start, number: signal.Signals) -> None:
    server = start()
    url = server.ready()
    held = json.loads(server.lock.read_text())
    assert (held["pid"], held["url"], held["host"]) == (server.process.pid, url, "127.0.0.1")
    stat = Path(f"/proc/{server.process.pid}/stat").read_text()
    assert held["start"] == int(stat.rpartition(")")[2].split()[19])

    code, seconds = server.end(number)

    assert code == 0
    assert seconds < 3
    assert [line["event"] for line in server.told() if line["event"] != "request"] == [
        "listening", "stopping", "stopped",
    ]  # fmt: skip


def test_no_client_holds_up_the_end_whatever_it_is_doing(start: Start) -> None:
    server = start()
    clients = [server.client() for _ in range(5)]
    idle, silent, halfway, slow, deaf = clients
    idle.sendall(HEALTH)
    assert b"200" in idle.recv(4096)
    halfway.sendall(HEALTH[:20])
    slow.sendall(b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc")
    deaf.settimeout(0.5)
    with pytest.raises(TimeoutError):
        deaf.sendall(HEALTH * 1_000_000)

    code, seconds = server.end()

    assert code == 0
    assert seconds < 4
    silent.settimeout(1)
    assert silent.recv(1) == b""
    for client in clients:
        client.close()


def test_what_hangs_is_ended_by_force_and_still_with_0(start: Start) -> None:
    hangs = START.replace(
        "sys.exit(",
        """
import trio
from ennio.supervisor import Supervisor
async def close(self, seconds, *, detach):
    with trio.CancelScope(shield=True):
        await trio.sleep(60)
Supervisor.close, server._LATEST = close, 0.5
sys.exit(""",
    )
    server = start(start=hangs)
    server.url()

    code, seconds = server.end()

    assert code == 0
    assert seconds < 3
    assert server.told()[-1]["level"] == "critical"


def test_a_second_server_is_refused_by_name_and_the_first_is_not_disturbed(start: Start) -> None:
    first = start()
    url = first.ready()
    second = start()
    assert second.process.wait(20) == 1
    assert f"another server (pid {first.process.pid}, {url})" in second.log.read_text()
    assert httpx2.get(f"{url}/ready").status_code == 200
    assert json.loads(first.lock.read_text())["pid"] == first.process.pid


def test_after_a_hard_death_the_next_one_starts(start: Start) -> None:
    first = start()
    first.url()
    first.process.kill()
    first.process.wait()
    assert first.lock.read_text()
    assert start().url()


def test_a_taken_port_is_named(start: Start) -> None:
    port = int(start().url().rpartition(":")[2])
    second = start(folder="two", port=port)
    assert second.process.wait(20) == 1
    said = second.log.read_text()
    assert f"127.0.0.1 port {port}" in said
    assert len(said.splitlines()) == 1


def test_a_certificate_that_is_none_is_the_configuration_s_fault(start: Start, tmp_path: Path) -> None:
    authority = trustme.CA()
    (tmp_path / "cert.pem").write_bytes(authority.issue_cert("localhost").cert_chain_pems[0].bytes())
    (tmp_path / "key.pem").write_bytes(authority.issue_cert("localhost").private_key_pem.bytes())
    server = start(f'tls_cert = "{tmp_path}/cert.pem"\ntls_key = "{tmp_path}/key.pem"\n')
    assert server.process.wait(20) != 0
    assert "ConfigError" in server.log.read_text()
    assert "tls_cert" in server.log.read_text()


def test_it_allows_itself_as_many_descriptors_as_its_connections_need(start: Start) -> None:
    server = start(start=f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 8192))\n{START}")
    server.url()
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max open files"))
    assert int(line.split()[3]) >= 2000


def test_its_children_would_inherit_neither_the_lock_nor_a_listener(start: Start) -> None:
    server = start()
    server.url()
    folder = Path(f"/proc/{server.process.pid}/fd")
    for number in (int(name) for name in os.listdir(folder)):
        try:
            flags = Path(f"/proc/{server.process.pid}/fdinfo/{number}").read_text()
        except FileNotFoundError:  # it was closed meanwhile
            continue
        kept_open = (
            not int(next(line for line in flags.splitlines() if "flags" in line).split()[1], 8) & 0o2000000
        )
        assert not kept_open or number <= 2


def test_too_few_descriptors_are_said_before_anything_is_begun(start: Start) -> None:
    few = "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))\n"
    server = start(start=few + START)
    assert server.process.wait(20) == 1
    assert "may have 40 files open" in server.log.read_text()
    assert not server.lock.exists()
