"""Every refusal of the API, against the installed server: its status, its shape, and that nothing happens."""

import socket
import threading
from typing import Any

import pytest
from installed import Server

JSON = {"Content-Type": "application/json"}
SPAWN = {"project_id": "cat", "prompt": "x"}


def refused(answer: Any, status: int, *words: str) -> None:
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.json()
    assert set(body) == {"error", "code"}
    assert body["code"] == status
    for word in words:
        assert word in body["error"]
    assert "Traceback" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "hypercorn" not in answer.headers.get("Server", "")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"{}", b'{"project_id": "cat"}',
        b'{"project_id": "cat", "prompt": ""}', b'{"project_id": "cat", "prompt": "  "}',
        b'{"project_id": "cat", "prompt": 1}', b'{"project_id": "cat", "prompt": null}',
        b'{"project_id": "cat", "prompt": "x", "prompt": "y"}',
        b'{"project_id": "cat", "prompt": "x", "y": 1}',
        b'{"project_id": "cat", "prompt": "\\u0000"}', b'{"project_id": "cat", "prompt": "\\ud800"}',
        b'{"project_id": "cat", "prompt": NaN}', b'{"project_id": "../x", "prompt": "x"}',
        b'{"project_id": "cat", "prompt": "x"} trailing', b"[" * 100_000 + b"]" * 100_000,
        b'{"project_id": "cat", "prompt": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"project_id": "cat", "issue_id": "7"}', b'{"project_id": "cat", "prompt": "x", "branch": "-x"}',
        b'{"project_id": "cat", "prompt": "x", "role": ""}',
    ],
    ids=lambda body: ascii(body[:60]),
)  # fmt: skip
def test_a_wrong_body_is_a_400(server: Server, body: bytes) -> None:
    refused(server.http.post("/sessions", content=body, headers=JSON), 400)
    assert server.data("GET", "/sessions") == []


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_body_that_is_not_said_to_be_json_is_a_415(server: Server, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    content = b'{"project_id": "cat", "prompt": "x"}'
    refused(server.http.post("/sessions", content=content, headers=headers), 415, "application/json")


def test_a_huge_body_is_a_413_however_it_is_sent(server: Server) -> None:
    huge = b'{"project_id": "cat", "prompt": "' + b"x" * (1 << 20) + b'"}'
    refused(server.http.post("/sessions", content=huge, headers=JSON), 413)

    def chunks():
        yield from (huge[at : at + 65536] for at in range(0, len(huge), 65536))

    refused(server.http.post("/sessions", content=chunks(), headers=JSON), 413)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404), ("GET", "/sessions/", 404), ("GET", "//sessions", 404),
        ("GET", "/sessions/no-such-one", 404), ("DELETE", "/sessions/no-such-one", 404),
        ("POST", "/sessions/no-such-one/send", 404), ("POST", "/sessions/no-such-one/restore", 404),
        ("GET", "/sessions/no-such-one/output", 404), ("GET", "/sessions/no-such-one/events", 404),
        ("GET", "/sessions?project_id=nope", 404), ("GET", "/sessions?project_id=a/b", 400),
        ("GET", "/sessions/a%20b", 400), ("GET", "/sessions/" + "x" * 65, 400),
        ("GET", "/sessions/a%00b", 400), ("GET", "/sessions/a%0d%0aX", 400),
        ("PUT", "/sessions", 405), ("PATCH", "/sessions/x", 405), ("DELETE", "/health", 405),
    ],
)  # fmt: skip
def test_unknown_things_and_methods(server: Server, method: str, path: str, status: int) -> None:
    answer = server.http.request(method, server.url + "/api/v1" + path)
    refused(answer, status)
    if status == 405:
        assert answer.headers["Allow"]


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "x", "", "61", "1e999"])
def test_a_wrong_timeout_is_a_400(server: Server, value: str) -> None:
    refused(server.http.post(f"/sessions?timeout={value}", json=SPAWN), 400, "timeout")
    assert server.data("GET", "/sessions") == []


def test_a_foreign_host_is_a_403_everywhere_but_for_health_and_ready(server: Server) -> None:
    foreign = {"Host": "evil.example"}
    refused(server.http.get("/sessions", headers=foreign), 403)
    refused(server.http.get("/nope", headers=foreign), 403)
    assert server.http.get("/health", headers=foreign).status_code == 200
    assert server.http.get(f"{server.url}/ready", headers=foreign).status_code == 200
    for own in ("localhost", "127.0.0.1:9", "[::1]:80", "LOCALHOST"):
        assert server.http.get("/sessions", headers={"Host": own}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_a_foreign_page_may_not_change_anything(server: Server, headers: dict[str, str]) -> None:
    refused(server.http.post("/sessions", json=SPAWN, headers=headers), 403)
    assert server.data("GET", "/sessions") == []
    answer = server.http.get("/sessions", headers=headers)
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_idempotency_key_spawns_once_however_often_it_is_sent(server: Server) -> None:
    headers, answers = {"Idempotency-Key": "once"}, []

    def post() -> None:
        answers.append(server.http.post("/sessions", json=SPAWN, headers=headers))

    threads = [threading.Thread(target=post) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    post()
    assert len({answer.text for answer in answers}) == 1
    assert len(server.data("GET", "/sessions")) == 1
    other = {**SPAWN, "prompt": "y"}
    refused(server.http.post("/sessions", json=other, headers=headers), 409, "Idempotency-Key")
    refused(server.http.post("/sessions", json=SPAWN, headers={"Idempotency-Key": "x" * 256}), 400)
    server.data("DELETE", f"/sessions/{answers[0].json()['data']['id']}")


def raw(server: Server, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10) as client:
        client.sendall(data)
        said = b""
        while chunk := client.recv(65536):
            said += chunk
        return said


def test_bytes_that_are_not_http_get_a_bare_answer_and_a_closed_connection(server: Server) -> None:
    for junk in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"HELLO\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"):
        assert b" 400 " in raw(server, junk).splitlines()[0]
    assert b" 431 " in raw(server, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000 + b"\r\n\r\n")


def test_an_ambiguous_length_is_refused_and_what_follows_is_not_answered(server: Server) -> None:
    smuggled = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    both = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    said = raw(server, head + both + smuggled)
    assert b" 400 " in said.splitlines()[0]
    assert said.count(b"HTTP/1.1") == 1


def test_http_2_without_tls_is_refused(server: Server) -> None:
    prior = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    assert not raw(server, prior).startswith(b"\x00")
    upgrade = (
        b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"
    )
    assert b" 101 " not in raw(server, upgrade)


def test_a_hostile_path_forges_no_line_of_the_log(server: Server) -> None:
    before = server.log.read_text().count("\n")
    server.http.get(f"{server.url}/api/v1/sessions/x%0d%0aFORGED-LINE")
    lines = server.log.read_text().splitlines()[before:]
    assert not [line for line in lines if line.startswith("FORGED")]
