"""Measuring plugins: of each call of a port, how long it took and how it ended."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import wraps
from types import TracebackType
from typing import Any, Literal, TypeVar

import structlog
import trio

METHODS: dict[str, tuple[str, ...]] = {
    "tracker": ("issue", "issues", "announce"),
    "scm": ("look", "failures", "merge"),
    "notifier": ("notify",),
    "runtime": ("launch", "adopt", "survey"),
    "workspace": ("checkout", "remove", "undo", "strays"),
}
"""By kind of port: what is measured of it. Agents and their dialogues do no I/O."""

Outcome = Literal["ok", "failed", "cancelled"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a plugin that is over: `plugin` is its name, `failed` means that it raised."""

    kind: str
    plugin: str
    method: str
    seconds: float
    outcome: Outcome


Observer = Callable[[Call], None]
"""Is told of each call, in the task that made it. It never waits."""

T = TypeVar("T")


def metered(kind: str, plugin: str, port: T, observe: Observer | None) -> T:
    """Return `port`, having each of its calls told to `observe` from now on.

    The methods are replaced in the instance, which stays what it is: a proxy that passes everything on by
    `__getattr__` would have none of the optional powers, since from Python 3.12 on `isinstance` looks for
    the methods of a protocol without calling that. What has no room for it (`__slots__`) goes unmeasured.
    """
    if observe is None:
        return port
    for method in METHODS[kind]:
        inner = getattr(port, method, None)
        if inner is None:  # an optional power
            continue
        timing = _Timing(kind, plugin, method, observe)
        timed = _timed_block(inner, timing) if method == "checkout" else _timed(inner, timing)
        try:
            object.__setattr__(port, method, timed)
        except AttributeError:
            _log.warning("a plugin is not measured: its class has __slots__", kind=kind, plugin=plugin)
            break
    return port


@dataclass(frozen=True, slots=True)
class _Timing:
    """What is measured, and who is told."""

    kind: str
    plugin: str
    method: str
    observe: Observer

    def start(self) -> "_Stopwatch":
        return _Stopwatch(self)


class _Stopwatch:
    """Measures its block."""

    __slots__ = ("_began", "_timing")

    def __init__(self, timing: _Timing) -> None:
        self._timing = timing

    def __enter__(self) -> None:
        self._began = trio.current_time()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        what, seconds = self._timing, trio.current_time() - self._began
        outcome: Outcome = "ok"
        if error is not None:
            outcome = "failed" if isinstance(error, Exception) else "cancelled"
        try:
            what.observe(Call(what.kind, what.plugin, what.method, seconds, outcome))
        except Exception:  # whoever measures must not be what makes a call fail
            _log.exception("a call could not be measured", kind=what.kind, plugin=what.plugin)


def _timed(inner: Callable[..., Awaitable[Any]], timing: _Timing) -> Callable[..., Awaitable[Any]]:
    @wraps(inner)
    async def timed(*args: Any, **kwargs: Any) -> Any:
        with timing.start():
            return await inner(*args, **kwargs)

    return timed


def _timed_block(
    inner: Callable[..., AbstractAsyncContextManager[Any]], timing: _Timing
) -> Callable[..., AbstractAsyncContextManager[Any]]:
    @wraps(inner)
    def timed(*args: Any, **kwargs: Any) -> AbstractAsyncContextManager[Any]:
        return _TimedWayIn(inner(*args, **kwargs), timing)

    return timed


class _TimedWayIn(AbstractAsyncContextManager[Any]):
    """A block whose way in is measured. No generator: it may be forgotten without being ended."""

    def __init__(self, inner: AbstractAsyncContextManager[Any], timing: _Timing) -> None:
        self._inner, self._timing = inner, timing

    async def __aenter__(self) -> Any:
        with self._timing.start():
            return await self._inner.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return await self._inner.__aexit__(kind, error, traceback)
