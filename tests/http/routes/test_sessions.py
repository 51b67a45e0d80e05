"""The calls about sessions, over a real supervisor on fakes."""

from typing import Any

import pytest
import trio
from fakes import World
from quart.typing import TestClientProtocol as HttpClient
from trio.testing import MockClock

from ennio.supervisor import HookFailed, SessionId, Supervisor

OWN = {"Host": "localhost"}
BASE = "/api/v1/sessions"
FIRST_FIELDS = ["id", "project_id", "status", "activity", "branch", "pr_url", "agent_name"]


async def ask(client: HttpClient, method: str, path: str, status: int = 200, **more: Any) -> Any:
    """Ask, insist on the status and on the shape of the answer, and return what it carries."""
    answer = await client.open(BASE + path, method=method, headers={**OWN, **more.pop("headers", {})}, **more)
    content = await answer.get_json()
    assert answer.status_code == status, content
    assert answer.headers["Content-Type"] == "application/json"
    if status == 200:
        assert set(content) == {"data"}
        return content["data"]
    assert set(content) == {"error", "code"}
    assert content["code"] == status
    return content["error"]


async def spawn(client: HttpClient, project: str = "p", **wishes: str) -> Any:
    return await ask(client, "POST", "", json={"project_id": project, "prompt": "x", **wishes})


async def test_a_spawn_answers_the_session_as_it_is_shown_ever_after(client: HttpClient) -> None:
    session = await spawn(client, branch="feat/x", role="reviewer")

    assert list(session)[:7] == FIRST_FIELDS
    assert session["status"] == "Working"
    assert session["branch"] == "feat/x"
    assert session["role"] == "reviewer"
    assert session["pr_url"] is None
    assert session["base_commit"] == "c0ffee"
    assert session["created_at"].endswith("Z")
    assert await ask(client, "GET", f"/{session['id']}") == session
    assert await ask(client, "GET", "") == [session]


async def test_a_session_in_a_terminal_says_how_to_get_there(
    client: HttpClient, world: World, autojump_clock: MockClock
) -> None:
    assert (await spawn(client))["attach"] is None
    world.attach = ("tmux", "-L", "x", "attach-session", "-t", "=y")
    session = await spawn(client)
    assert session["attach"] == "tmux -L x attach-session -t =y"

    await ask(client, "DELETE", f"/{session['id']}")
    assert (await ask(client, "GET", f"/{session['id']}"))["attach"] is None


async def test_an_ended_session_says_when_and_a_restored_one_does_not(
    client: HttpClient, world: World, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    assert (session["starts"], session["ended_at"]) == (1, None)
    assert session["created_at"] <= session["started_at"]
    world.terminals[0].die(3)
    await trio.sleep(1)

    ended = await ask(client, "GET", f"/{session['id']}")
    assert session["started_at"] <= ended["ended_at"]

    restored = await ask(client, "POST", f"/{session['id']}/restore")
    assert (restored["starts"], restored["restarts"], restored["ended_at"]) == (2, 0, None)
    assert ended["ended_at"] <= restored["started_at"]


async def test_sessions_are_listed_newest_first_the_ended_ones_only_when_asked_for(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    one, two, three = [(await spawn(client, project))["id"] for project in ("p", "q", "p")]
    await ask(client, "DELETE", f"/{two}")

    async def ids(query: str) -> list[str]:
        return [session["id"] for session in await ask(client, "GET", query)]

    assert await ids("") == [three, one]
    assert await ids("?all=false") == [three, one]
    assert await ids("?all=true") == [three, two, one]
    assert await ids("?all=true&limit=2") == [three, two]
    assert await ids(f"?all=true&limit=1&after={three}") == [two]
    assert await ids("?project_id=q") == []
    assert await ids("?project_id=q&all=true&else=x") == [two]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("project_id=nope", 404, "nope"),
        ("project_id=nope&limit=0", 404, "nope"),
        ("project_id=a/b", 400, "project id"),
        ("project_id=", 400, "project id"),
        ("project_id=p&project_id=q", 400, "project_id"),
        ("after=p-nope", 404, "p-nope"),
        ("after=a%20b", 400, "session id"),
        ("all=1", 400, "all"),
        ("all=", 400, "all"),
        ("all=TRUE", 400, "all"),
        ("limit=0", 400, "limit"),
        ("limit=-1", 400, "limit"),
        ("limit=1.5", 400, "limit"),
        ("limit=%D9%A1", 400, "limit"),
        ("limit=99999999999", 400, "limit"),
    ],
)
async def test_a_wrong_question_is_refused(client: HttpClient, query: str, status: int, words: str) -> None:
    assert words in await ask(client, "GET", f"?{query}", status)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/send"),
        ("POST", "/restore"),
        ("GET", "/output"),
        ("GET", "/events"),
    ],
)
async def test_an_id_is_malformed_or_unknown(client: HttpClient, method: str, path: str) -> None:
    body = {"json": {"message": "x"} if path == "/send" else {}} if method == "POST" else {}
    for malformed in ("..", "a%20b", "a%00b", "a%0d%0ab", "%C3%B6", "x" * 65, "a.b"):
        assert "session id" in await ask(client, method, f"/{malformed}{path}", 400, **body)
    assert "p-nope" in await ask(client, method, f"/p-nope{path}", 404, **body)


async def test_a_message_reaches_the_agent_whole(client: HttpClient, world: World) -> None:
    session = await spawn(client)

    assert await ask(client, "POST", f"/{session['id']}/send", json={"message": "a\nb \u00e4"}) == "sent"

    assert world.terminals[0].heard[-1] == "a\nb \u00e4\n".encode()


async def test_a_message_to_nobody_is_a_conflict_that_says_what_to_do(
    client: HttpClient, world: World, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    world.terminals[0].die(3)
    await trio.sleep(1)

    assert "restore" in await ask(client, "POST", f"/{session['id']}/send", 409, json={"message": "x"})


async def test_a_deaf_agent_makes_its_sender_wait_until_the_limit(
    client: HttpClient, world: World, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    world.reads = False
    began = trio.current_time()

    words = await ask(client, "POST", f"/{session['id']}/send?timeout=0.5", 504, json={"message": "x"})

    assert trio.current_time() - began == pytest.approx(0.5, abs=0.1)
    assert session["id"] in words


@pytest.mark.parametrize(
    "value",
    [
        "0",
        "0.0",
        "-1",
        "+1",
        "nan",
        "inf",
        "Infinity",
        "1e999",
        "x",
        "",
        "%201",
        "1_0",
        "30.5",
        "0x1",
        "%D9%A1",
    ],
)
async def test_a_wrong_time_limit_is_refused_before_anything_is_done(client: HttpClient, value: str) -> None:
    spawning = {"json": {"project_id": "p", "prompt": "x"}}
    assert "timeout" in await ask(client, "POST", f"?timeout={value}", 400, **spawning)
    assert await ask(client, "GET", "?all=true") == []


@pytest.mark.parametrize("value", ["30", "29.999", ".5", "5.", "1e1", "1E-1", "00012"])
async def test_a_right_time_limit_is_taken(client: HttpClient, value: str) -> None:
    await ask(client, "POST", f"?timeout={value}", json={"project_id": "p", "prompt": "x"})


async def test_a_kill_can_be_repeated(client: HttpClient, autojump_clock: MockClock) -> None:
    session = await spawn(client)

    for _ in range(2):
        assert await ask(client, "DELETE", f"/{session['id']}", data=b"ignored") == "killed"

    assert (await ask(client, "GET", f"/{session['id']}"))["status"] == "Killed"


async def test_a_kill_that_takes_too_long_names_what_is_left(
    client: HttpClient, world: World, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    world.dies_after = 100

    assert "pid 4242" in await ask(client, "DELETE", f"/{session['id']}?timeout=1", 504)


@pytest.mark.parametrize("body", [{}, {"data": b""}, {"json": {}}, {"json": {"prompt": "go on"}}])
async def test_a_session_is_restored_with_or_without_a_body(
    client: HttpClient, world: World, body: dict[str, Any], autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    world.terminals[0].die(3)
    await trio.sleep(1)
    assert (await ask(client, "GET", f"/{session['id']}"))["status"] == "Exited"

    restored = await ask(client, "POST", f"/{session['id']}/restore", **body)

    assert (restored["id"], restored["status"]) == (session["id"], "Working")
    await trio.sleep(1)
    assert world.terminals[1].heard == ([b"go on\n"] if "prompt" in str(body) else [])


async def test_a_session_at_work_is_not_restored(client: HttpClient) -> None:
    session = await spawn(client)
    assert session["id"] in await ask(client, "POST", f"/{session['id']}/restore", 409)
    assert "blank" in await ask(client, "POST", f"/{session['id']}/restore", 400, json={"prompt": ""})


async def test_a_full_project_says_when_to_ask_again(client: HttpClient) -> None:
    for _ in range(2):
        await spawn(client, "q")
    answer = await client.post(BASE, headers=OWN, json={"project_id": "q", "prompt": "x"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_project_that_nobody_knows_comes_before_every_other_complaint(client: HttpClient) -> None:
    for more in ({}, {"prompt": 1}, {"prompt": "x", "branch": "-x", "more": None}):
        await ask(client, "POST", "?timeout=x", 404, json={"project_id": "nope", **more})


async def test_an_issue_needs_a_tracker(client: HttpClient) -> None:
    assert "tracker" in await ask(client, "POST", "", 400, json={"project_id": "p", "issue_id": "7"})


async def test_a_hook_that_fails_is_the_configuration_s_fault_and_speaks_for_itself(
    client: HttpClient, world: World
) -> None:
    world.checkout_fails = HookFailed("post_create said: no such file")
    order = {"project_id": "p", "prompt": "x"}
    assert await ask(client, "POST", "", 400, json=order) == "post_create said: no such file"


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/problem+json",
        "application/jsonx",
        "application/json; charset=latin-1",
        "application/json; profile=x",
        "application/json, application/json",
        "",
    ],
)
async def test_a_body_that_is_not_said_to_be_json_is_refused(client: HttpClient, kind: str) -> None:
    body = b'{"project_id":"p","prompt":"x"}'
    await ask(client, "POST", "", 415, data=body, headers={"Content-Type": kind})
    await ask(client, "POST", "", 415, data=body)


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"', "application/json;"]
)
async def test_json_may_be_announced_in_several_ways(client: HttpClient, kind: str) -> None:
    body = b'{"project_id":"p","prompt":"x"}'
    await ask(client, "POST", "", data=body, headers={"Content-Type": kind})


async def test_a_compressed_body_is_refused(client: HttpClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    await ask(client, "POST", "", 415, data=b"\x1f\x8b", headers=headers)


async def test_a_history_tells_what_happened_in_order(client: HttpClient, autojump_clock: MockClock) -> None:
    session = await spawn(client)
    await ask(client, "DELETE", f"/{session['id']}")

    events = await ask(client, "GET", f"/{session['id']}/events")

    types = [event["event_type"] for event in events]
    assert types[:2] == ["SessionSpawned", "SessionWorking"]
    assert "SessionKilled" in types
    for event in events:
        fields = ["id", "event_type", "priority", "session_id", "project_id", "timestamp", "message", "data"]
        assert list(event) == fields
        assert event["session_id"] == session["id"]
        assert event["timestamp"].endswith("Z")


async def test_the_output_has_a_cursor_and_wrong_ones_are_refused(
    client: HttpClient, supervisor: Supervisor
) -> None:
    session = await spawn(client)

    output = await ask(client, "GET", f"/{session['id']}/output?limit=4&raw=true")

    assert list(output) == ["text", "cursor", "truncated"]
    for query in ("limit=3", "limit=x", "raw=yes", "limit=4&limit=5", "after=%00", "after="):
        await ask(client, "GET", f"/{session['id']}/output?{query}", 400)


async def test_a_session_that_changed_is_shown_changed(
    client: HttpClient, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    before = supervisor.get(SessionId(session["id"]))
    assert await ask(client, "GET", "") == [session]

    await ask(client, "DELETE", f"/{session['id']}")

    assert supervisor.get(SessionId(session["id"])) is not before
    assert [s["status"] for s in await ask(client, "GET", "?all=true")] == ["Killed"]


async def test_head_and_options_are_answered(client: HttpClient) -> None:
    assert (await client.head(BASE, headers=OWN)).status_code == 200
    options = await client.options(BASE, headers=OWN)
    assert options.status_code == 200
    assert set(options.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "FOO"])
async def test_another_method_is_refused_with_those_that_are_allowed(client: HttpClient, method: str) -> None:
    answer = await client.open(BASE, method=method, headers=OWN)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize(
    "path", ["/", "//", "/p-1/", "//p-1", "/p-1//send", "/p-1/messages", "/p-1/approvals"]
)
async def test_there_is_no_other_route_and_no_redirect(client: HttpClient, path: str) -> None:
    await ask(client, "GET", path, 404)
