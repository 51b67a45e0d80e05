"""Who gets in, and in which order the refusals come."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient
from werkzeug.datastructures import Headers

from ennio.supervisor import Config, Supervisor

SPAWN: dict[str, Any] = {"json": {"project_id": "p", "prompt": "x"}}
ClientOf = Callable[[Config], HttpClient]
OWN = {"Host": "localhost:3000"}


async def test_a_foreign_host_is_refused_everywhere_but_for_health_and_ready(
    client: HttpClient,
) -> None:
    foreign = {"Host": "evil.example"}
    for path in ("/api/v1/sessions", "/api/v1/projects", "/api/v1/system", "/nope", "/", "/api/v1/health/"):
        assert (await client.get(path, headers=foreign)).status_code == 403
    for path in ("/api/v1/health", "/ready"):
        assert (await client.get(path, headers=foreign)).status_code == 200


@pytest.mark.parametrize("path", ["//api/v1/sessions", "//ready", "///api/v1/health", "/api/v1//sessions"])
async def test_a_doubled_slash_is_a_404_wherever_it_stands(client: HttpClient, path: str) -> None:
    assert (await client.get(path, headers=OWN)).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:3001"},
        {"Sec-Fetch-Site": "Cross-Site"},
    ],
)
async def test_a_foreign_page_reads_at_most_and_changes_nothing(
    client: HttpClient, supervisor: Supervisor, headers: dict[str, str]
) -> None:
    refused = await client.post("/api/v1/sessions", headers={**OWN, **headers}, **SPAWN)
    assert refused.status_code == 403
    assert supervisor.list() == []
    for path in ("/api/v1/sessions/p-1", "/nope"):
        assert (await client.delete(path, headers={**OWN, **headers})).status_code == 403
    read = await client.get("/api/v1/sessions", headers={**OWN, **headers})
    assert read.status_code == 200
    assert not [name for name, _ in read.headers.to_wsgi_list() if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://LOCALHOST:3000", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_our_own_page_may_do_everything(client: HttpClient, headers: dict[str, str]) -> None:
    answer = await client.post("/api/v1/sessions", headers={**OWN, **headers}, **SPAWN)
    assert answer.status_code == 200


@pytest.fixture
def guarded(client_of: ClientOf, config: Config) -> HttpClient:
    return client_of(replace(config, api_token=SecretStr("s3cret-t\u00f6ken")))


TOKEN = "s3cret-t\u00f6ken"


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic " + TOKEN,
        TOKEN,
        "Bearer" + TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer \xff\xfe",
        f"Bearer {TOKEN},",
    ],
)
async def test_without_the_token_nothing_is_told_not_even_what_exists(
    guarded: HttpClient, value: str | None
) -> None:
    headers = OWN if value is None else {**OWN, "Authorization": value}
    for method, path in [
        ("GET", "/api/v1/sessions"),
        ("GET", "/nope"),
        ("PUT", "/ready/x"),
        ("OPTIONS", "/api/v1/projects"),
    ]:
        answer = await guarded.open(path, method=method, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert (await answer.get_json())["code"] == 401
        assert "s3cret" not in await answer.get_data(as_text=True)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
async def test_with_the_token_one_gets_in(guarded: HttpClient, scheme: str) -> None:
    headers = {**OWN, "Authorization": f"{scheme} {TOKEN}"}
    assert (await guarded.get("/api/v1/sessions", headers=headers)).status_code == 200


async def test_health_and_ready_need_no_token(guarded: HttpClient) -> None:
    for path in ("/api/v1/health", "/ready"):
        assert (await guarded.get(path, headers={"Host": "anyone"})).status_code == 200


async def test_a_token_given_twice_is_none(guarded: HttpClient) -> None:
    twice = Headers([*OWN.items(), *[("Authorization", f"Bearer {TOKEN}")] * 2])
    assert (await guarded.get("/api/v1/sessions", headers=twice)).status_code == 401


async def test_a_server_that_is_closing_answers_but_changes_nothing(
    client: HttpClient, supervisor: Supervisor
) -> None:
    supervisor.closing = True
    for method, path in [("POST", "/api/v1/sessions"), ("DELETE", "/api/v1/sessions/p-1"), ("POST", "/nope")]:
        answer = await client.open(path, method=method, headers=OWN)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    assert (await client.get("/ready", headers=OWN)).status_code == 503
    for path in ("/api/v1/sessions", "/api/v1/health"):
        assert (await client.get(path, headers=OWN)).status_code == 200


ASKED = [
    ("GET", "/api/v1/sessions"),
    ("GET", "/api/v1/system"),
    ("GET", "/api/v1/projects"),
    ("HEAD", "/api/v1/sessions"),
    ("POST", "/api/v1/sessions"),
    ("DELETE", "/api/v1/sessions/p-1"),
    ("POST", "/api/v1/prune"),
    ("GET", "/nope"),
    ("GET", "/ready"),
]


@pytest.mark.parametrize(("method", "path"), ASKED)
async def test_a_server_that_is_recovering_answers_nothing_yet(
    client: HttpClient, supervisor: Supervisor, method: str, path: str
) -> None:
    supervisor.recovering = True
    answer = await client.open(path, method=method, headers=OWN)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    if method != "HEAD":
        assert "earlier" in (await answer.get_json())["error"]


async def test_a_server_that_is_recovering_is_alive(client: HttpClient, supervisor: Supervisor) -> None:
    supervisor.recovering = True
    for method in ("GET", "HEAD"):
        answer = await client.open("/api/v1/health", method=method, headers={"Host": "anyone"})
        assert answer.status_code == 200
    assert (await client.get("/ready", headers={"Host": "anyone"})).status_code == 503


async def test_while_recovering_403_comes_first_and_401_after(
    client_of: ClientOf, config: Config, supervisor: Supervisor
) -> None:
    client = client_of(replace(config, api_token=SecretStr("t")))
    foreign = {**OWN, "Origin": "https://evil.example"}
    supervisor.recovering = True
    assert (await client.get("/api/v1/sessions", headers={"Host": "x"})).status_code == 403
    assert (await client.post("/api/v1/sessions", headers=foreign)).status_code == 403
    for method in ("GET", "POST", "PUT"):
        assert (await client.open("/api/v1/sessions", method=method, headers=OWN)).status_code == 503
    supervisor.recovering = False
    for method in ("GET", "POST", "PUT"):
        assert (await client.open("/api/v1/sessions", method=method, headers=OWN)).status_code == 401


async def test_refusals_come_in_their_order(
    client_of: ClientOf, config: Config, supervisor: Supervisor
) -> None:
    client = client_of(replace(config, api_token=SecretStr("t")))
    huge, wrong = b"x" * (1 << 21), b"{"
    host, token, kind = OWN, {"Authorization": "Bearer t"}, {"Content-Type": "application/json"}

    async def status(path: str, headers: dict[str, str], body: bytes) -> int:
        return (await client.post(path, headers={"Host": "x", **headers}, data=body)).status_code

    send, restore = "/api/v1/sessions/p-1/send?timeout=x", "/api/v1/sessions/p%201/restore?timeout=x"
    supervisor.closing = True
    assert await status(send, {}, huge) == 403
    assert await status(send, host, huge) == 503
    supervisor.closing = False
    assert await status(send, host, huge) == 401
    assert await status(send, {**host, **token}, huge) == 404
    assert await status("/api/v1/health", {**host, **token}, huge) == 405
    assert await status(restore, {**host, **token}, huge) == 413
    assert await status(restore, {**host, **token}, wrong) == 415
    assert await status(restore, {**host, **token, **kind}, wrong) == 400
    spawn = "/api/v1/sessions?timeout=x"
    nowhere = b'{"project_id":"nope","prompt":1,"more":2}'
    assert await status(spawn, {**host, **token, **kind}, nowhere) == 404
    assert await status(spawn, {**host, **token, **kind}, nowhere.replace(b"nope", b"no/pe")) == 400


async def test_cors_is_for_the_configured_origins_alone(client_of: ClientOf, config: Config) -> None:
    page, other = "https://page.example", "https://evil.example"
    client = client_of(replace(config, cors_origins=(page,), api_token=SecretStr("t")))
    asks = {
        **OWN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,authorization,idempotency-key,x-other",
    }

    preflight = await client.options("/api/v1/sessions", headers={**asks, "Origin": page})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == page
    assert set(preflight.headers["Access-Control-Allow-Methods"].split(", ")) == {"GET", "POST", "DELETE"}
    allowed = {name.lower() for name in preflight.headers["Access-Control-Allow-Headers"].split(", ")}
    assert allowed == {"content-type", "authorization", "idempotency-key"}

    foreign = await client.options("/api/v1/sessions", headers={**asks, "Origin": other})
    assert foreign.status_code == 401
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert "origin" in foreign.headers["Vary"].lower()

    token = {**OWN, "Authorization": "Bearer t", "Origin": page}
    answer = await client.post("/api/v1/sessions", headers=token, **SPAWN)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == page
    exposed = {name.lower() for name in answer.headers["Access-Control-Expose-Headers"].split(", ")}
    assert exposed == {"ennio-message-id", "retry-after"}
    refused = await client.post("/api/v1/sessions", headers={**token, "Origin": other}, **SPAWN)
    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers


async def test_without_configured_origins_no_cors_header_is_sent(client: HttpClient) -> None:
    headers = {**OWN, "Origin": "https://page.example", "Access-Control-Request-Method": "POST"}
    answer = await client.options("/api/v1/sessions", headers=headers)
    assert not [
        name for name, _ in answer.headers.to_wsgi_list() if name.lower().startswith("access-control")
    ]


@pytest.mark.parametrize("path", ["/api/v1/health", "/nope", "/api/v1/sessions/x/send"])
async def test_every_answer_keeps_browsers_safe(client: HttpClient, path: str) -> None:
    answer = await client.get(path, headers=OWN)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
