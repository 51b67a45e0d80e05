"""How a command finds the server, asks it, and tells what went wrong."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..address import address
from .terminal import MISUSED, Failure, one_line, progress

if TYPE_CHECKING:
    from ennio.supervisor.config import Config

    from ..client import Client, Refused

T = TypeVar("T")

_SLACK = 15.0
"""Seconds that an answer may take beyond the server's own time limits."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was said before the command: where the configuration is, and how answers are to look."""

    config: Path | None = None
    json: bool = False


def configuration(options: Options, *, serving: bool = False) -> "Config":
    """Return the configuration, or raise `Failure` with what is wrong in it; see `config.load`."""
    from ennio.supervisor.config import load

    with configuration_errors():
        return load(options.config, serving=serving)


@contextmanager
def configuration_errors() -> Iterator[None]:
    """Turn what is wrong in the configuration into a `Failure` of exit code 2."""
    from ennio.supervisor.errors import ConfigError

    try:
        yield
    except ConfigError as error:
        raise Failure(str(error), MISUSED) from error


def whereabouts(config: "Config") -> str:
    """Return the URL of the configured server; where the system chose its port, the lock knows it."""
    host, port = config.host, config.port
    if port == 0:
        from .running import running

        server = running(config.data_dir)
        if server is None:
            raise Failure(f"no server runs on {config.data_dir}; `ennio start` starts one")
        host, port = server.host, server.port
    return address(host, port, tls=config.tls_cert is not None)


def ask(
    config: "Config",
    question: Callable[["Client"], Awaitable[T]],
    doing: str | None = None,
    patience: float | None = None,
) -> T:
    """Ask the server and return its answer; `doing` is what a person reads meanwhile.

    An answer is waited for as long as the server's slowest operation may take, unless `patience` says so
    many seconds. Raises `Failure` for a refusal and for silence, in one line that says what to do next.
    """
    import trio

    from ..client import Refused, Unreachable

    async def conversation() -> T:
        async with client_of(config, patience) as client:
            return await question(client)

    try:
        with progress(doing) if doing else nullcontext():
            return trio.run(conversation)
    except Refused as error:
        raise Failure(_refusal(error)) from error
    except Unreachable as error:
        advice = "`ennio start` starts a server, `ennio doctor` looks for what is wrong"
        raise Failure(one_line(f"{error}; {advice}")) from error
    except UnicodeEncodeError as error:
        raise Failure("what you wrote is not valid UTF-8", MISUSED) from error


def client_of(config: "Config", patience: float | None = None) -> "Client":
    """Return a client of the configured server, with as much patience as its slowest operation may take.

    Raises `Failure` where that server cannot be found, or its certificate cannot be used.
    """
    from ..client import Client

    limits = config.timeouts
    token = config.api_token.get_secret_value() if config.api_token else None
    patience = patience or max(limits.spawn, limits.send, limits.kill) + _SLACK
    try:
        return Client(whereabouts(config), token, tls_cert=config.tls_cert, patience=patience)
    except OSError as error:
        raise Failure(f"tls_cert cannot be used: {error}", MISUSED) from error


def _refusal(error: "Refused") -> str:
    words = str(error)
    if error.retry_after is not None:
        words += f"; try again in {error.retry_after} s"
    return one_line(words)
