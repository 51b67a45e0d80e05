"""Traces of requests and of what plugins do for them, by OpenTelemetry: an extra, and nothing without it.

The variables are those of
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog
import trio
from quart import Response, request
from quart_trio import QuartTrio

from ennio.supervisor import Call

from .connections.asgi import Application

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_UNTRACED = {"/api/v1/health", "/ready", "/metrics", "/api/v1/events"}
"""What is asked all the time, and what does not end."""
_STREAMS = "/output/stream"
_CLOSING = 1.5
"""Seconds for handing over the last spans when the server ends."""
_NAME = "ennio"

_log = structlog.get_logger()


def traces(environ: Mapping[str, str]) -> "Traces | None":
    """Return what traces, if `environ` wants that. Where it cannot be had, the log says why, once."""
    if not _wanted(environ):
        return None
    try:
        exporter = _exporter(environ)
        return Traces(exporter) if exporter else None
    except ImportError:
        hint = "pip install 'ennio[otel]'"
        _log.warning("OTEL_ variables ask for traces, and their library is not installed", hint=hint)
    except Exception as error:  # whatever stands in those variables: the server works without traces
        _log.warning("there are no traces: OpenTelemetry does not take its variables", why=str(error))
    return None


def _wanted(environ: Mapping[str, str]) -> bool:
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    wanted = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return wanted != "none" and bool(wanted or any(environ.get(name) for name in endpoints))


def _exporter(environ: Mapping[str, str]) -> "SpanExporter | None":
    wanted = environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    protocol = environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if wanted == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    if wanted != "otlp" or (protocol or "http/protobuf") != "http/protobuf":
        way = f"{wanted} {protocol or ''}".strip()
        _log.warning("there are no traces: otlp by http/protobuf, console and none are known", wanted=way)
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


class Traces:
    """Spans on their way to a collector, by a thread of the library's own: nothing waits for it."""

    def __init__(self, exporter: "SpanExporter") -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create()
        if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": _NAME}))
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(_NAME)

    def trace(self, app: QuartTrio) -> None:
        """Trace the requests of `app` from now on, but for streams and what is asked all the time."""
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

        inner: Any = app.asgi_app
        traced = OpenTelemetryMiddleware(
            inner,
            default_span_details=_first_name,
            tracer_provider=self._provider,
            exclude_spans=["receive", "send"],
        )
        app.asgi_app = _choosing(traced, inner)  # type: ignore[method-assign, assignment]
        app.after_request(_name_the_span)

    def called(self, call: Call) -> None:
        """Add what a plugin did to the trace of the request that is under way, if there is one.

        A session's task was begun by the request that spawned it, and long outlives that: what it does
        afterwards is no part of that trace.
        """
        from opentelemetry import trace

        if not trace.get_current_span().is_recording():
            return
        end = time.time_ns()
        span = self._tracer.start_span(
            f"{call.kind}.{call.method}",
            attributes={"ennio.plugin": call.plugin, "ennio.outcome": call.outcome},
            start_time=end - int(call.seconds * 1e9),
        )
        if call.outcome != "ok":
            span.set_status(trace.StatusCode.ERROR, call.outcome)
        span.end(end)

    async def run_forever(self) -> None:
        """Hand over what is left at the end; a collector that does not answer is not waited for."""
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(_CLOSING, shield=True):
                await trio.to_thread.run_sync(self._provider.shutdown, abandon_on_cancel=True)


def _choosing(traced: Any, inner: Application) -> Application:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        plain = scope["type"] != "http" or path in _UNTRACED or path.endswith(_STREAMS)
        await (inner if plain else traced)(scope, receive, send)

    return app


def _first_name(scope: Any) -> tuple[str, dict[str, Any]]:
    """Name a span before its route is known, without what would make each name one of its own."""
    return scope["method"], {}


async def _name_the_span(response: Response) -> Response:
    """Name a request's span by its route (HTTP semantic conventions)."""
    from opentelemetry import trace

    rule, span = request.url_rule, trace.get_current_span()
    if rule and span.is_recording():
        span.update_name(f"{request.method} {rule.rule}")
        span.set_attribute("http.route", rule.rule)
    return response
