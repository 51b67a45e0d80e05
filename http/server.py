"""The composition root: from the lock on the data folder to the last signal."""

import os
import resource
import signal
import ssl
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import structlog
import trio

from ennio.supervisor import Call, Config, ConfigError, Observer, Supervisor, wire

from .address import address
from .app import create_app
from .connections.front import Connections
from .lock import CannotServe, Lock, hold
from .metrics import Metrics
from .server_log import set_up_log
from .started import start_of
from .systemd import Systemd
from .tracing import Traces, traces

_STOPPING = 6.0
"""Seconds for ending all agents in good order; the rest of the promised 10 is for what follows."""
_LATEST = 9.0
"""Seconds after the signal at which the process ends, whatever hangs."""
_ENDING = (signal.SIGTERM, signal.SIGINT)
_SWITCH = 0.0005
"""Seconds that a worker thread may keep the interpreter while the event loop has something to do. The
default of 5 ms makes kills wait for each other's passes over /proc."""
_AUTOGROUP_NICE = "-10"
_HEAD_START = 2.0
"""Seconds until requests are answered with 503 while what an earlier server left is taken over."""
_DESCRIPTORS, _FEWEST_DESCRIPTORS = 8192, 256
"""A thousand connections, and several for each agent."""

_log = structlog.get_logger()


def serve(config: Config) -> int:
    """Serve until SIGTERM or SIGINT. Return the exit code: 0, or 1 when the server cannot run.

    Raises `ConfigError` for a certificate or key that is none.
    """
    set_up_log()
    _come_before_agents()
    sys.setswitchinterval(_SWITCH)
    for number in _ENDING:  # what comes after the first is no news: `_serve` listens for that one alone
        signal.signal(number, signal.SIG_IGN)
    try:
        _allow_many_descriptors()
        with hold(config.data_dir) as lock, ExitStack() as end:
            trio.run(_serve, config, lock, end)
    except Exception as error:
        refusal = _refusal(error)
        if isinstance(refusal, ConfigError):
            raise refusal from error
        if refusal is not None:
            print(f"ennio: {refusal}", file=sys.stderr)
        else:
            _log.critical("the server failed", exc_info=True)
        return 1
    return 0


def _refusal(error: Exception) -> ConfigError | CannotServe | None:
    """Return what was said to the operator in an error, or in a group of them: nurseries make groups."""
    if isinstance(error, ConfigError | CannotServe):
        return error
    found = map(_refusal, error.exceptions) if isinstance(error, ExceptionGroup) else ()
    return next((refusal for refusal in found if refusal), None)


async def _serve(config: Config, lock: Lock, end: ExitStack) -> None:
    closing, systemd = trio.Event(), Systemd(os.environ)
    measured, traced = Metrics(), traces(os.environ)
    with trio.open_signal_receiver(*_ENDING) as signals:
        listeners = await _listen(config)
        url = address(config.host, _port(listeners[0]), tls=config.tls_cert is not None)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(systemd.keep_alive)
            nursery.start_soon(measured.run_forever)
            supervisor = wire(config, nursery, url=url, observe=_observer(measured, traced))
            app = create_app(supervisor, config, measured)
            if traced:
                traced.trace(app)
                nursery.start_soon(traced.run_forever)
            connections = Connections(app)
            async with trio.open_nursery() as front:
                recovered = await _recover(supervisor, nursery)
                await front.start(connections.serve, listeners, closing)
                _announce(config, lock, _port(listeners[0]), url)
                nursery.start_soon(_tell_when_ready, systemd, recovered, url)
                _log.info("stopping", signal=signal.Signals(await anext(signals)).name)
                end.enter_context(_by_force_after(_LATEST))
                await systemd.tell("STOPPING=1", "STATUS=Ending the server")
                await supervisor.close(_STOPPING, detach=config.on_shutdown == "detach")
                closing.set()
            nursery.cancel_scope.cancel()
    _log.info("stopped")


def _observer(measured: Metrics, traced: Traces | None) -> Observer:
    if traced is None:
        return measured.called

    def observe(call: Call) -> None:
        measured.called(call)
        traced.called(call)

    return observe


async def _tell_when_ready(systemd: Systemd, recovered: trio.Event, url: str) -> None:
    if not recovered.is_set():
        await systemd.tell("STATUS=Taking over what an earlier server left")
        await recovered.wait()
    await systemd.tell("READY=1", f"STATUS=Listening on {url}")


async def _recover(supervisor: Supervisor, nursery: trio.Nursery) -> trio.Event:
    """Have recovery begin, and give it a head start: who connects meanwhile waits, and is not refused.

    Return what is set once it is over.
    """
    recovered = trio.Event()

    async def recover() -> None:
        await supervisor.recover()
        recovered.set()

    nursery.start_soon(recover)
    with trio.move_on_after(_HEAD_START):
        await recovered.wait()
    return recovered


async def _listen(config: Config) -> Sequence[trio.SSLListener[trio.SocketStream] | trio.SocketListener]:
    certificate = _certificate(config)
    try:
        listeners = await trio.open_tcp_listeners(config.port, host=config.host)
    except OSError as error:
        hint = "end what uses it, or set another host or port in the configuration"
        why = error.strerror or str(error)
        raise CannotServe(f"cannot listen on {config.host} port {config.port}: {why}; {hint}") from error
    if certificate is None:
        return listeners
    return [trio.SSLListener(listener, certificate, https_compatible=True) for listener in listeners]


def _certificate(config: Config) -> ssl.SSLContext | None:
    if config.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(config.tls_cert, config.tls_key)
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(f"{config.file.name}: tls_cert and tls_key cannot be used: {why}") from error
    return context


def _port(listener: trio.SSLListener[trio.SocketStream] | trio.SocketListener) -> int:
    plain = listener.transport_listener if isinstance(listener, trio.SSLListener) else listener
    assert isinstance(plain, trio.SocketListener)
    port: int = plain.socket.getsockname()[1]
    return port


def _announce(config: Config, lock: Lock, port: int, url: str) -> None:
    start = start_of(os.getpid())
    assert start is not None  # we do run
    lock.tell(start, config.host, port, url)
    for warning in config.warnings:
        _log.warning(warning)
    _log.info("listening", url=url)


@contextmanager
def _by_force_after(seconds: float) -> Iterator[None]:
    """End the process with code 0 when the block takes longer: nothing that hangs may hold it."""

    def end() -> None:
        _log.critical("something did not end in time; the server ends all the same")
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _come_before_agents() -> None:
    """Have the scheduler serve this session first, where that is allowed (root; sched(7), autogroup)."""
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(_AUTOGROUP_NICE)


def _allow_many_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    if wanted < _FEWEST_DESCRIPTORS:
        words = f"this process may have {wanted} files open, and a server takes {_FEWEST_DESCRIPTORS}"
        raise CannotServe(f"{words}: raise the limit (ulimit -n, or LimitNOFILE of a systemd unit)")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
