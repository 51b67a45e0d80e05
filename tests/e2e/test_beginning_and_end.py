"""How a server starts, refuses to, and ends."""

import json
import os
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import httpx2
import pytest
from installed import ENNIO, alive, marked, running, settings


def test_an_orderly_end_is_quick_with_twenty_agents_alive_and_an_idle_client_connected(own: Path) -> None:
    with running(own, settings()) as server:
        sessions = [server.spawn(project) for project in ("cat", "stubborn") for _ in range(10)]
        idle = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
        idle.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200" in idle.recv(4096)
        pids = [pid for one in sessions for pid in marked(one["id"])]
        assert len(pids) >= 20
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 10
        assert [pid for pid in pids if alive(pid)] == []
        idle.close()


def test_new_work_is_a_503_while_the_server_shuts_down(own: Path) -> None:
    with running(own, settings()) as server:
        session = server.spawn("stubborn")
        server.wait_for(session["id"], "up")
        server.process.send_signal(signal.SIGTERM)
        codes = set()
        while server.process.poll() is None:
            try:
                answer = server.http.post("/sessions", json={"project_id": "cat", "prompt": "x"})
                codes.add((answer.status_code, "Retry-After" in answer.headers))
            except httpx2.HTTPError:
                break
            time.sleep(0.05)
        assert (503, True) in codes
        assert server.process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_further_signals_change_nothing_about_an_orderly_end(own: Path, number: signal.Signals) -> None:
    with running(own, settings()) as server:
        session = server.spawn("stubborn")
        server.wait_for(session["id"], "up")
        while server.process.poll() is None:
            server.process.send_signal(number)
            time.sleep(0.2)
        assert server.process.returncode == 0
        assert marked(session["id"]) == []


def test_sigint_ends_the_server_like_sigterm(own: Path) -> None:
    with running(own, settings()) as server:
        server.spawn()
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 0


def test_a_second_server_on_the_same_folder_is_refused_and_a_stale_lock_is_no_obstacle(own: Path) -> None:
    with running(own, settings()) as server:
        second = subprocess.run(
            [ENNIO, "--config", server.file, "start"], capture_output=True, text=True, timeout=20
        )
        assert second.returncode == 1
        assert str(server.process.pid) in second.stderr
        assert "Traceback" not in second.stderr
        server.process.kill()
        server.process.wait()
    with running(own, settings()) as again:
        assert again.http.get("/health").json() == {"data": "ok"}


def test_a_taken_port_is_told_in_one_message(own: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file = own / "ennio.toml"
        file.write_text(f'port = {port}\ndata_dir = "state"\n')
        done = subprocess.run([ENNIO, "--config", file, "start"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("port = 'x'", "port"),
        ("prot = 1", "port"),
        ("port = 1\nport = 2", "line"),
        ("host = '0.0.0.0'", "api_token"),
        ('api_token = "${NO_SUCH_VARIABLE}"', "NO_SUCH_VARIABLE"),
        ("[[budgets]]\nscope = 'global'\nperiod = 'weekly'\nlimit_usd = 1.0", "period"),
        ("[[notifiers]]\nname = 'x'\nplugin = 'slack'", "notifiers"),
        ("[[projects]]\nname = 'x'\npath = '.'\nagent = 'demo'", "git"),
        ("[[projects]]\nname = 'x'\npath = '.'\nagent = 'nobody'", "nobody"),
    ],
)
def test_a_wrong_configuration_is_one_clear_message_and_exit_code_2(
    own: Path, config: str, words: str
) -> None:
    (own / "ennio.toml").write_text(config)
    done = subprocess.run([ENNIO, "start"], cwd=own, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2, done.stderr
    assert "ennio.toml" in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_same_configuration_in_yaml_works(own: Path) -> None:
    with running(own, settings()) as server:
        server.stop()
    (own / "ennio.toml").unlink()
    yaml = own / "ennio.yaml"
    yaml.write_text(
        "port: 0\ndata_dir: state\nprojects:\n  - {name: demo, path: repo, agent: demo, session_prefix: y}\n"
    )
    process = subprocess.Popen([ENNIO, "start"], cwd=own, stderr=subprocess.DEVNULL)
    try:
        url = _url(own / "state" / "lock", process.pid)
        answer = httpx2.post(f"{url}/api/v1/sessions", json={"project_id": "demo", "prompt": "say hi"})
        assert answer.json()["data"]["id"].startswith("y-")
    finally:
        process.terminate()
        assert process.wait(10) == 0


def test_the_data_folder_is_private_and_holds_no_token(own: Path) -> None:
    os.environ["TOKEN_OF_A_TEST"] = "s3cret-of-a-test"
    try:
        with running(
            own,
            settings(top='api_token = "${TOKEN_OF_A_TEST}"', printenv=["sh", "-c", "env; exec sleep 1000"]),
        ) as server:
            server.http.headers["Authorization"] = "Bearer s3cret-of-a-test"
            session = server.spawn("printenv")
            server.wait_for(session["id"], "ENNIO_SESSION_ID")
            assert "s3cret" not in server.text(session["id"])
            assert server.http.get("/sessions", headers={"Authorization": "Bearer wrong"}).status_code == 401
            state = own / "state"
            assert state.stat().st_mode & 0o777 == 0o700
            held = [path.read_bytes() for path in state.rglob("*") if path.is_file()]
            assert not [content for content in [*held, server.log.read_bytes()] if b"s3cret" in content]
    finally:
        del os.environ["TOKEN_OF_A_TEST"]


def test_tls_serves_the_api(own: Path) -> None:
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(own / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(own / "cert.pem")
    authority.cert_pem.write_to_path(own / "ca.pem")
    with running(own, settings(top='tls_cert = "cert.pem"\ntls_key = "key.pem"')) as server:
        assert server.url.startswith("https://")
        context = ssl.create_default_context(cafile=own / "ca.pem")
        health = httpx2.get(f"{server.url}/api/v1/health", verify=context)
        assert health.json() == {"data": "ok"}


def _url(lock: Path, pid: int) -> str:
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        try:
            held = json.loads(lock.read_text())
            if held["pid"] == pid and held["url"]:
                httpx2.get(f"{held['url']}/ready").raise_for_status()
                return str(held["url"])
        except (OSError, ValueError, KeyError, httpx2.HTTPError):
            time.sleep(0.05)
    raise AssertionError("it did not start")
