"""How late the event loop is: everything in the server waits for it."""

import trio
from prometheus_client import CollectorRegistry, Gauge, Histogram

_PERIOD = 0.25
"""Seconds between looks."""
_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class LoopLag:
    """Measures how much later than wished a sleeping task is woken."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._largest = 0.0
        self._seconds = Histogram(
            "ennio_event_loop_lag_seconds",
            "How late the event loop was, looked at four times a second.",
            buckets=_SECONDS,
            registry=registry,
        )
        Gauge(
            "ennio_event_loop_lag_max_seconds",
            "How late the event loop was at most since this was asked for last.",
            registry=registry,
        ).set_function(self._take_largest)

    async def run_forever(self) -> None:
        """Look again and again."""
        while True:
            due = trio.current_time() + _PERIOD
            await trio.sleep_until(due)
            lag = trio.current_time() - due
            self._seconds.observe(lag)
            self._largest = max(self._largest, lag)

    def _take_largest(self) -> float:
        largest, self._largest = self._largest, 0.0
        return largest
