"""Traces by OpenTelemetry: what is traced and what is not, and that nothing waits for them."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
import trio
from bare_server import bare_server
from fakes import World
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import ConsoleSpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from quart_trio import QuartTrio
from talk import OWN, ask, spawn
from trio.testing import MockClock

from ennio.http import tracing
from ennio.http.app import create_app
from ennio.http.tracing import Traces, traces
from ennio.supervisor import Call, Config, Project, ProjectId, Supervisor
from ennio.supervisor.metering import metered

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}


@pytest.fixture
def kept() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(kept: InMemorySpanExporter) -> Iterator[Traces]:
    one = Traces(kept)
    yield one
    one._provider.shutdown()


@pytest.fixture
def projects(traced: Traces, world: World, projects: dict[ProjectId, Project]) -> dict[ProjectId, Project]:
    metered("runtime", "fake", world, traced.called)
    metered("workspace", "fake", world, traced.called)
    return projects


@pytest.fixture
def app(supervisor: Supervisor, config: Config, traced: Traces) -> QuartTrio:
    app = create_app(supervisor, config)
    traced.trace(app)
    return app


@pytest.fixture
def spans(traced: Traces, kept: InMemorySpanExporter) -> Callable[[], Any]:
    """Return the spans that are over, in the order of their ends."""

    def look() -> Any:
        traced._provider.force_flush()
        return kept.get_finished_spans()

    return look


async def test_a_request_is_a_span_by_the_rule_of_its_route(
    app: QuartTrio, spans: Callable[[], Any], autojump_clock: MockClock
) -> None:
    client = app.test_client()
    session = await spawn(client)
    await ask(client, "GET", session)
    names = [span.name for span in spans() if span.kind.name == "SERVER"]
    assert names == ["POST /api/v1/sessions", "GET /api/v1/sessions/<session>"]
    (_, got) = [span for span in spans() if span.kind.name == "SERVER"]
    assert got.attributes["http.route"] == "/api/v1/sessions/<session>"
    assert got.resource.attributes["service.name"] == "ennio"


async def test_what_plugins_do_for_a_request_is_part_of_its_trace(
    app: QuartTrio, spans: Callable[[], Any], world: World, autojump_clock: MockClock
) -> None:
    await spawn(app.test_client())
    *inner, request = spans()
    assert [span.name for span in inner] == ["workspace.checkout", "runtime.launch"]
    for span in inner:
        assert span.context.trace_id == request.context.trace_id
        assert span.parent.span_id == request.context.span_id
        assert span.attributes["ennio.plugin"] == "fake"
        assert span.status.is_ok is True or span.status.status_code.name == "UNSET"


async def test_what_fails_is_told_as_that(
    app: QuartTrio, spans: Callable[[], Any], world: World, autojump_clock: MockClock
) -> None:
    world.launch_takes = 100.0
    body = {"project_id": "p", "prompt": "x"}
    await ask(app.test_client(), "POST", "/sessions?timeout=2", 504, json=body)
    by_name = {span.name: span for span in spans()}
    launch = by_name["runtime.launch"]
    assert (launch.status.status_code.name, launch.attributes["ennio.outcome"]) == ("ERROR", "cancelled")
    assert by_name["POST /api/v1/sessions"].status.status_code.name == "ERROR"


async def test_what_a_session_does_later_is_no_part_of_the_trace_of_its_spawn(
    app: QuartTrio, spans: Callable[[], Any], world: World, autojump_clock: MockClock
) -> None:
    client = app.test_client()
    session = await spawn(client)
    before = len(spans())
    await trio.sleep(3600)
    world.terminals[0].die(3)
    await trio.sleep(1)
    await ask(client, "DELETE", session)
    await trio.sleep(1)
    later = spans()[before:]
    assert [span.name for span in later] == ["DELETE /api/v1/sessions/<session>"]


async def test_what_is_asked_all_the_time_and_what_does_not_end_is_not_traced(
    app: QuartTrio, spans: Callable[[], Any], supervisor: Supervisor
) -> None:
    client = app.test_client()
    for path in ("/api/v1/health", "/ready", "/metrics"):
        assert (await client.get(path, headers=OWN)).status_code == 200
    async with client.request("/api/v1/events", headers=OWN) as stream:
        await stream.send_complete()
        assert await stream.receive()
        supervisor.feed.close()
    assert spans() == ()


def test_a_call_outside_of_a_request_makes_no_span(traced: Traces, spans: Callable[[], Any]) -> None:
    traced.called(Call("scm", "github", "look", 0.1, "ok"))
    assert spans() == ()


# Whether there are any.


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_SERVICE_NAME": "x"},
        {**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"},
        {**ENDPOINT, "OTEL_SDK_DISABLED": "TRUE"},
    ],
)
def test_nothing_is_traced_and_nothing_said_unless_it_is_asked_for(environ: dict[str, str]) -> None:
    with structlog.testing.capture_logs() as logs:
        assert traces(environ) is None
    assert logs == []


@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_TRACES_EXPORTER": "jaeger"},
        {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {**ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"},
    ],
)
def test_what_is_not_known_is_said_once_and_nothing_is_traced(environ: dict[str, str]) -> None:
    with structlog.testing.capture_logs() as logs:
        assert traces(environ) is None
    (line,) = logs
    assert line["log_level"] == "warning"


def test_without_the_extra_one_warning_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with structlog.testing.capture_logs() as logs:
        assert traces(ENDPOINT) is None
    (line,) = logs
    assert (line["log_level"], line["hint"]) == ("warning", "pip install 'ennio[otel]'")


def test_variables_that_make_no_sense_are_said_and_do_not_stop_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(environ: Any) -> Any:
        raise ValueError("OTEL_BSP_MAX_QUEUE_SIZE must be a positive integer")

    monkeypatch.setattr(tracing, "_exporter", refuse)
    with structlog.testing.capture_logs() as logs:
        assert traces(ENDPOINT) is None
    (line,) = logs
    assert "must be a positive integer" in line["why"]


def test_spans_can_go_to_the_terminal_and_be_called_as_one_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    found = traces({"OTEL_TRACES_EXPORTER": "console"})
    assert found
    assert found._provider.resource.attributes["service.name"] == "mine"
    found._provider.shutdown()


async def test_a_collector_that_does_not_answer_is_not_waited_for(kept: InMemorySpanExporter) -> None:
    release = threading.Event()

    class Stuck(ConsoleSpanExporter):
        def export(self, spans: Any) -> Any:
            release.wait(30)
            return super().export(spans)

    stuck = Traces(Stuck())
    stuck._tracer.start_span("x").end()
    began = time.monotonic()
    with trio.move_on_after(0.05):
        await stuck.run_forever()
    assert time.monotonic() - began < 5
    release.set()


# A real server, and a real collector.


@dataclass
class Collector:
    """Takes spans as OTLP over HTTP; `slow` makes it never answer."""

    slow: bool = False
    names: list[str] = field(default_factory=list)
    headers: list[str | None] = field(default_factory=list)

    def start(self) -> ThreadingHTTPServer:
        collector = self

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.headers.append(self.headers["X-Secret"])
                if collector.slow:
                    time.sleep(30)
                told = ExportTraceServiceRequest.FromString(body)
                for resource in told.resource_spans:
                    collector.names += [s.name for scope in resource.scope_spans for s in scope.spans]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


@pytest.mark.parametrize("slow", [False, True])
def test_a_server_hands_over_its_spans_and_ends_in_time_also_when_nobody_takes_them(
    tmp_path: Path, slow: bool
) -> None:
    collector = Collector(slow)
    listening = collector.start()
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{listening.server_port}",
        "OTEL_EXPORTER_OTLP_HEADERS": "X-Secret=s3cret",
    }
    with bare_server(tmp_path, environ) as server:
        for path in ("/api/v1/projects", "/ready"):
            assert httpx2.get(server.url() + path).status_code == 200
        assert server.end() < 5
    listening.shutdown()
    listening.server_close()
    assert collector.headers[0] == "s3cret"
    assert collector.names == ([] if slow else ["GET /api/v1/projects"])
    assert "s3cret" not in server.log.read_text()
