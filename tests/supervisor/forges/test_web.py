"""Asking over HTTP: conditions, pages, bounds."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import trio
from canned_github import API, TOKEN, Host

from ennio.supervisor.errors import Conflict, ForgeFailed, ForgeRefused, NotFound
from ennio.supervisor.forges.web import PAGE, Web


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
async def web(host: Host) -> AsyncIterator[Web]:
    web = Web("github o/r", API, {"Authorization": f"Bearer {TOKEN}"}, transport=host.transport)
    yield web
    await web.aclose()


async def test_the_second_time_it_asks_whether_anything_changed(host: Host, web: Web) -> None:
    host.say("GET /x", {"a": 1})
    assert [await web.get("/x"), await web.get("/x")] == [{"a": 1}, {"a": 1}]
    assert (web.asked, web.unchanged) == (2, 1)
    host.say("GET /x", {"a": 2})
    assert await web.get("/x") == {"a": 2}
    assert (web.asked, web.unchanged) == (3, 1)


async def test_a_kept_answer_cannot_be_changed_by_who_got_it(host: Host, web: Web) -> None:
    host.say("GET /x", {"a": []})
    (await web.get("/x"))["a"].append("mine")
    assert await web.get("/x") == {"a": []}


async def test_other_parameters_are_another_question(host: Host, web: Web) -> None:
    host.say("GET /x", {"a": 1})
    await web.get("/x", head="o:one two", state="all")
    await web.get("/x", head="o:feature/#1&x", state="all")
    assert web.unchanged == 0
    assert [dict(request.url.params)["head"] for request in host.requests] == ["o:one two", "o:feature/#1&x"]


async def test_a_list_comes_over_all_its_pages_each_under_condition(host: Host, web: Web) -> None:
    host.say("GET /x", list(range(250)))
    assert await web.get_all("/x") == list(range(250))
    assert (web.asked, web.unchanged) == (3, 0)
    assert await web.get_all("/x") == list(range(250))
    assert (web.asked, web.unchanged) == (6, 3)
    assert dict(host.requests[0].url.params) == {"per_page": str(PAGE)}


async def test_a_list_ends_at_most_where_it_is_told(host: Host, web: Web) -> None:
    host.say("GET /x", list(range(1000)))
    assert await web.get_all("/x", most=150) == list(range(150))
    assert web.asked == 2


async def test_a_list_inside_an_object_is_taken_out_of_each_page(host: Host, web: Web) -> None:
    host.say("GET /x", {"total_count": 120, "check_runs": list(range(120))})
    assert await web.get_all("/x", inside="check_runs") == list(range(120))


async def test_a_list_that_grows_past_a_full_page_is_followed_though_that_page_is_unchanged(
    host: Host, web: Web
) -> None:
    host.say("GET /x", list(range(100)))
    assert len(await web.get_all("/x")) == 100

    def forgetful(request: httpx2.Request) -> httpx2.Response:
        if "if-none-match" in request.headers and "page" not in request.url.params:
            return httpx2.Response(304)
        if "page" in request.url.params:
            return httpx2.Response(200, json=["the newest"])
        return httpx2.Response(200, json=list(range(100)), headers={"Link": f'<{API}/x?page=2>; rel="next"'})

    host.told["GET /x"] = forgetful
    assert (await web.get_all("/x"))[-1] == "the newest"


@pytest.mark.parametrize(
    ("following", "says"),
    [
        ("https://elsewhere.example/x?page=2", "another host"),
        (f"http://{API.removeprefix('https://')}/x?page=2", "another host"),
        (f"{API}/x?per_page=100", "circle"),
        ("https://elsewhere.example:port/x", "no address"),
    ],
)
async def test_a_next_page_that_leads_astray_is_a_failure(
    host: Host, web: Web, following: str, says: str
) -> None:
    host.told["GET /x"] = httpx2.Response(200, json=[1], headers={"Link": f'<{following}>; rel="next"'})
    with pytest.raises(ForgeFailed, match=says):
        await web.get_all("/x")
    assert len(host.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, text='{"a": '),
        httpx2.Response(200, text="<html>a proxy speaks</html>"),
        httpx2.Response(200, content=b"\xff\xfe{}"),
        httpx2.Response(200, text="[" * 100_000),
        httpx2.Response(200, content=b""),
        httpx2.Response(304),
        httpx2.Response(500, text="oops"),
        httpx2.Response(422, json={"message": "sha is wrong"}),
        httpx2.Response(200, content=b" " * (20 * 1024 * 1024 + 1)),
        httpx2.Response(302, headers={"Location": "https://elsewhere.example/"}),
        httpx2.Response(200, stream=httpx2.ByteStream(b"garbage"), headers={"Content-Encoding": "gzip"}),
        httpx2.ConnectError("All connection attempts failed"),
        httpx2.ReadTimeout("slow"),
    ],
)
async def test_whatever_a_host_does_wrong_is_its_failure_and_kept_nowhere(
    host: Host, web: Web, answer: httpx2.Response | Exception
) -> None:
    host.told["GET /x"] = answer
    with pytest.raises(ForgeFailed, match=r"github o/r .*GET /x"):
        await web.get("/x")
    host.say("GET /x", {"a": 1})
    assert await web.get("/x") == {"a": 1}
    assert "if-none-match" not in host.requests[-1].headers


async def test_a_connection_that_was_closed_already_is_tried_once_more_for_a_get_alone(
    host: Host, web: Web
) -> None:
    host.told["GET /x"] = [httpx2.RemoteProtocolError("closed"), httpx2.Response(200, json=1)]
    assert await web.get("/x") == 1
    host.told["GET /x"] = [
        httpx2.ReadError("closed"),
        httpx2.ReadError("closed"),
        httpx2.Response(200, json=1),
    ]
    with pytest.raises(ForgeFailed, match="closed"):
        await web.get("/x")
    host.told["POST /x"] = httpx2.RemoteProtocolError("closed")
    with pytest.raises(ForgeFailed, match="closed"):
        await web.send("POST", "/x", {})
    assert host.asked("POST") == ["POST /x"]


async def test_a_host_that_never_answers_is_given_up(
    host: Host, web: Web, autojump_clock: trio.testing.MockClock
) -> None:
    async def never(request: httpx2.Request) -> httpx2.Response:
        await trio.sleep_forever()
        raise AssertionError(request)

    silent = Web("github o/r", API, {}, transport=httpx2.MockTransport(never))
    start = trio.current_time()
    with pytest.raises(ForgeFailed, match="within 30 s"):
        await silent.get("/x")
    assert trio.current_time() - start == 30
    with trio.move_on_after(1) as scope:
        await silent.get("/x")
    assert scope.cancelled_caught
    await silent.aclose()


async def test_what_is_sent_is_json_and_so_is_the_answer(host: Host, web: Web) -> None:
    host.told["PUT /x"] = httpx2.Response(200, json={"merged": True})
    host.told["POST /x"] = httpx2.Response(204)
    assert await web.send("PUT", "/x", {"sha": "c"}) == {"merged": True}
    assert await web.send("POST", "/x", {}) is None
    assert host.requests[0].content == b'{"sha":"c"}'


@pytest.mark.parametrize("status", [405, 409, 422])
async def test_what_the_state_of_things_forbids_is_a_conflict_in_the_hosts_words(
    host: Host, web: Web, status: int
) -> None:
    host.refuse("PUT /x", status, "Base branch was\x1b[31m modified\n" + "." * 1000)
    with pytest.raises(Conflict, match="Base branch was") as caught:
        await web.send("PUT", "/x", {})
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


async def test_what_a_host_refuses_is_told_with_what_to_look_at_and_never_with_the_token(
    host: Host, web: Web
) -> None:
    host.refuse("GET /x", 401, f"Bad credentials: {TOKEN}")
    with pytest.raises(
        ForgeRefused, match=r"does not accept our token .*Bad credentials.*scm_config"
    ) as caught:
        await web.get("/x")
    assert TOKEN not in str(caught.value)
    host.refuse("GET /x", 403, "Resource not accessible")
    with pytest.raises(ForgeRefused, match=r"forbids GET /x .*scopes.*SSO"):
        await web.get("/x")
    host.refuse("GET /x", 404, "Not Found")
    with pytest.raises(NotFound, match="GET /x"):
        await web.get("/x")


async def test_a_redirect_on_the_same_host_is_followed(host: Host, web: Web) -> None:
    host.told["GET /old"] = httpx2.Response(301, headers={"Location": "/new"})
    host.told["PUT /old"] = httpx2.Response(307, headers={"Location": f"{API}/new"})
    host.told["POST /old"] = httpx2.Response(301, headers={"Location": f"{API}/new"})
    host.told["GET /round"] = httpx2.Response(302, headers={"Location": "/round"})
    host.told["PUT /new"] = lambda request: httpx2.Response(200, content=request.content)
    host.say("GET /new", {"a": 1})
    assert await web.get("/old") == {"a": 1}
    assert await web.send("PUT", "/old", {"b": 2}) == {"b": 2}
    with pytest.raises(ForgeFailed, match="moved"):
        await web.send("POST", "/old", {})
    with pytest.raises(ForgeFailed, match="on and on"):
        await web.get("/round")


async def test_texts_are_fit_to_be_stored(host: Host, web: Web) -> None:
    host.told["GET /x"] = httpx2.Response(
        200, text=r'{"a": ["x\ud800y\u0000z", "\ud83d\ude00"], "\udfff": 1}'
    )
    assert await web.get("/x") == {"a": ["x?yz", "😀"], "?": 1}
