"""All metrics of one server, and their text for Prometheus."""

import trio
from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from quart_trio import QuartTrio

from ennio.supervisor import Call, Supervisor

from .calls import PluginCalls
from .happenings import Happenings
from .lag import LoopLag
from .requests import RequestTimes
from .standing import Standing

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""Of Prometheus' text format, which every scraper reads:
https://prometheus.io/docs/instrumenting/exposition_formats/"""


class Metrics:
    """All that is counted and measured, in a registry of its own. Counters begin at 0 with the server.

    No label has a value that a caller can make up: projects, plugins and reactions are the configuration's,
    and no session, path or message is ever one.
    """

    def __init__(self) -> None:
        # they would double every series, and nobody needs them
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._calls = PluginCalls(self.registry)
        self._happenings = Happenings(self.registry)
        self._requests = RequestTimes(self.registry)
        self._lag = LoopLag(self.registry)
        self._standing: Standing | None = None

    def called(self, call: Call) -> None:
        """Take in one call of a plugin: for `wire`."""
        self._calls.observe(call)

    def watch(self, supervisor: Supervisor, app: QuartTrio) -> None:
        """Count what happens to `supervisor`, and measure the requests of `app`, from now on."""
        self._happenings.begin((project.id for project in supervisor.projects()), supervisor.get)
        supervisor.listen(self._happenings.heard)
        self._standing = Standing(supervisor)
        self.registry.register(self._standing)
        self._requests.watch(app)

    async def run_forever(self) -> None:
        """Measure the event loop for as long as the server lives."""
        await self._lag.run_forever()

    async def text(self) -> bytes:
        """Return all of it as it is now. A thread writes it: with many routes that takes milliseconds."""
        if self._standing:
            self._standing.look()
        return await trio.to_thread.run_sync(generate_latest, self.registry)
