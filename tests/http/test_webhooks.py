"""What code hosts send by themselves: who may say it, and what it leads to."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import trio
from hosts_of_fakes import FakeScm, signature
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient
from quart.wrappers import Response
from talk import BASE, OWN, spawn
from trio.testing import MockClock
from werkzeug.datastructures import Headers

from ennio.supervisor import Config, Project, ProjectId, Supervisor

BODY = b'{"ref":  "refs/heads/feat/x", "\xc3\xa9": 1}\n'
JSON = {"Content-Type": "application/json"}
HOOK = f"{BASE}/webhooks/github"


@pytest.fixture
def scm() -> FakeScm:
    return FakeScm()


@pytest.fixture
def projects(projects: dict[ProjectId, Project], scm: FakeScm) -> dict[ProjectId, Project]:
    """Only `p` has a code host."""
    project = projects[ProjectId("p")]
    return {**projects, ProjectId("p"): replace(project, scm=scm)}


@pytest.fixture
def guarded(client_of: Callable[[Config], HttpClient], config: Config) -> HttpClient:
    return client_of(replace(config, api_token=SecretStr("t"), allowed_hosts=("ennio.example",)))


async def deliver(client: HttpClient, body: bytes = BODY, path: str = HOOK, **headers: Any) -> Response:
    """Send a delivery as GitHub does, with other headers as given; None leaves one out."""
    usual = {**OWN, **JSON, "X-Hub-Signature-256": signature(body)}
    given = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
    present = {name: value for name, value in given.items() if value is not None}
    return await client.post(path, data=body, headers=present)


async def test_a_signed_delivery_is_accepted_without_a_token_at_the_public_name(guarded: HttpClient) -> None:
    answer = await deliver(guarded, Host="ennio.example")
    assert answer.status_code == 202
    assert await answer.get_json() == {"data": "accepted"}
    assert (await deliver(guarded, Host="evil.example")).status_code == 403


async def test_the_body_is_proved_exactly_as_it_came(client: HttpClient, scm: FakeScm) -> None:
    assert (await deliver(client)).status_code == 202
    assert [body for _, body in scm.heard] == [BODY]
    for changed in (BODY.strip(), BODY.replace(b"  ", b" ")):
        refused = await deliver(client, changed, X_Hub_Signature_256=signature(BODY))
        assert refused.status_code == 401


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        ("sha256=" + "0" * 64, "its header X-Hub-Signature-256 is wrong"),
        ("", "its header X-Hub-Signature-256 is wrong"),
        (None, "it has no header X-Hub-Signature-256"),
    ],
)
async def test_what_is_not_proved_is_a_401_that_asks_for_no_token(
    guarded: HttpClient, proof: str | None, words: str
) -> None:
    answer = await deliver(guarded, X_Hub_Signature_256=proof)
    assert answer.status_code == 401
    content = await answer.get_json()
    assert content["code"] == 401
    assert words in content["error"]
    assert "webhook_secret" in content["error"]
    assert "WWW-Authenticate" not in answer.headers


async def test_the_api_token_is_no_proof(guarded: HttpClient) -> None:
    answer = await deliver(guarded, X_Hub_Signature_256=None, Authorization="Bearer t")
    assert answer.status_code == 401


async def test_a_signature_given_twice_proves_nothing(client: HttpClient) -> None:
    twice = [("X-Hub-Signature-256", signature(BODY))] * 2
    answer = await client.post(HOOK, data=BODY, headers=Headers([*OWN.items(), *JSON.items(), *twice]))
    assert answer.status_code == 401


async def test_without_a_configured_secret_it_is_said_what_to_configure(
    client: HttpClient, scm: FakeScm
) -> None:
    answer = await deliver(client, path=f"{BASE}/webhooks/gitlab")
    assert answer.status_code == 404
    assert (
        'set `webhook_secret` in the scm_config of a project with plugin = "gitlab"'
        in (await answer.get_json())["error"]
    )
    scm.listens = False
    assert (await deliver(client)).status_code == 404
    assert not scm.heard


async def test_what_is_proved_and_makes_no_sense_is_a_400(client: HttpClient) -> None:
    answer = await deliver(client, b"[]")
    assert answer.status_code == 400
    assert "no JSON object, though it is signed" in (await answer.get_json())["error"]


async def test_all_else_of_the_gate_holds(guarded: HttpClient, supervisor: Supervisor, scm: FakeScm) -> None:
    huge = BODY + b" " * (1 << 20)
    assert (await deliver(guarded, Origin="https://evil.example")).status_code == 403
    assert (await deliver(guarded, huge)).status_code == 413
    assert (await deliver(guarded, Content_Type="text/plain")).status_code == 415
    assert (await deliver(guarded, Content_Type="application/x-www-form-urlencoded")).status_code == 415
    wrong_method = await guarded.get(HOOK, headers=OWN)
    assert (wrong_method.status_code, wrong_method.headers["Allow"]) == (405, "OPTIONS, POST")
    for state in ("recovering", "closing"):
        setattr(supervisor, state, True)
        answer = await deliver(guarded)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        setattr(supervisor, state, False)
    assert not scm.heard


@pytest.mark.parametrize("path", ["", "/", "/other", "/github/", "/github/x", "/GitHub", "/%67ithub/.."])
async def test_no_other_path_is_open(guarded: HttpClient, path: str) -> None:
    assert (await deliver(guarded, path=f"{BASE}/webhooks{path}")).status_code == 401


async def test_a_delivery_brings_a_look_forward_and_many_of_them_one(
    client: HttpClient, scm: FakeScm, autojump_clock: MockClock
) -> None:
    session = await client.post(
        f"{BASE}/sessions", json={"project_id": "p", "prompt": "x", "branch": "feat/x"}, headers=OWN
    )
    assert session.status_code == 200
    await trio.sleep(31)
    scm.looks.clear()
    for _ in range(20):
        assert (await deliver(client)).status_code == 202
    await trio.sleep(1)
    assert scm.looks == ["feat/x"]


async def test_a_delivery_about_no_session_costs_no_look(
    client: HttpClient, scm: FakeScm, autojump_clock: MockClock
) -> None:
    await spawn(client)
    await trio.sleep(31)
    scm.looks.clear()
    assert (await deliver(client)).status_code == 202
    await trio.sleep(1)
    assert scm.looks == []
