"""Calls of plugins: how many, how they ended, how long they took."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from ennio.supervisor import Call

_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class PluginCalls:
    """Measures of all plugins' calls."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "ennio_plugin_calls",
            "Calls of plugins, by how they ended.",
            ("kind", "plugin", "method", "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "ennio_plugin_call_duration_seconds",
            "How long calls of plugins took, however they ended.",
            ("kind", "plugin", "method"),
            buckets=_SECONDS,
            registry=registry,
        )

    def observe(self, call: Call) -> None:
        """Take in one call."""
        self._calls.labels(call.kind, call.plugin, call.method, call.outcome).inc()
        self._seconds.labels(call.kind, call.plugin, call.method).observe(call.seconds)
