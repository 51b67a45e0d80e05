import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from io import StringIO

import pytest
import structlog
from fakes import World
from raw_http import SPAWN, Served, eventually

from ennio.http.server_log import set_up_log

Serve = Callable[..., Awaitable[Served]]

HOSTILE = "a\x1b[31m\x9b\x00\r\nFORGED \u202e\ud800 \u00e4"


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Leave the process's logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def say_all_kinds_of_things() -> None:
    structlog.get_logger("ours").info(HOSTILE, key=HOSTILE, number=1, deep={"x": [HOSTILE]}, raw=b"\x1b")
    logging.getLogger("theirs").warning("%s", HOSTILE, extra={"more": HOSTILE})
    try:
        raise ValueError(HOSTILE)  # noqa: TRY301
    except ValueError:
        structlog.get_logger().exception(HOSTILE)
        logging.getLogger("theirs").exception(HOSTILE)


def test_a_line_is_one_json_object_and_nothing_in_it_is_raw() -> None:
    stream = StringIO()
    set_up_log(stream)

    say_all_kinds_of_things()

    lines = stream.getvalue().split("\n")
    assert lines.pop() == ""
    assert len(lines) == 4
    for line in lines:
        assert line.isascii()
        assert line.isprintable()
        told = json.loads(line)
        assert told["event"] == HOSTILE
        assert told["timestamp"].endswith("Z")
        assert told["level"] in {"info", "warning", "error"}
    assert "ValueError" in json.loads(lines[-1])["exception"]


def test_on_a_terminal_the_lines_are_for_people_and_hold_no_control_characters_of_others() -> None:
    stream = Terminal()
    set_up_log(stream)

    say_all_kinds_of_things()

    text = stream.getvalue()
    assert "\x1b[31m\x9b" not in text
    assert not set(text) & set("\x00\r\x9b\u202e\ud800")
    assert not [line for line in text.split("\n") if line.startswith("FORGED")]
    assert "\u00e4" in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text.split("\n")[0])


async def test_a_refused_request_leaves_its_token_nowhere(serve: Serve) -> None:
    stream = StringIO()
    set_up_log(stream)
    async with (await serve()).client() as client:
        await client.send(
            b"POST /api/v1/sessions/x%0aFORGED/send?token=s3cret HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: Bearer s3cret\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        )
        await client.answer()
    await eventually(stream.getvalue)
    told = json.loads(stream.getvalue())
    assert (told["method"], told["status"], told["client"]) == ("POST", 400, "127.0.0.1")
    assert told["path"] == "/api/v1/sessions/x\nFORGED/send"
    assert "s3cret" not in stream.getvalue()


async def test_a_request_whose_client_left_is_logged_without_a_status(serve: Serve, world: World) -> None:
    stream = StringIO()
    set_up_log(stream)
    world.launch_takes = 60
    async with (await serve()).client() as client:
        await client.send(SPAWN)
        await eventually(lambda: world.trees)
    await eventually(lambda: '"event": "request"' in stream.getvalue())
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["status"] for line in told if line["event"] == "request"] == [None]
    assert "SessionSpawned" in {line["event"] for line in told}


async def test_a_long_path_is_cut_in_the_log(serve: Serve) -> None:
    stream = StringIO()
    set_up_log(stream)
    async with (await serve()).client() as client:
        await client.send(b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await client.answer()
    await eventually(stream.getvalue)
    assert len(stream.getvalue()) < 1000
