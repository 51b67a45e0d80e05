"""How the server is doing at the moment in which it is asked."""

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ennio.supervisor import ProjectId, Supervisor

STATUSES = (
    "Spawning", "Working", "PrDraft", "PrOpen", "CiPassing", "CiFailed", "CiFixSent", "CiFixFailed",
    "ReviewPending", "ChangesRequested", "Approved", "MergeConflicts", "Exited",
)  # fmt: skip
"""Each of a session that is not ended. All are told of all projects: a gauge that goes away is no 0."""


class Standing(Collector):
    """How a supervisor stood when it was looked at last; the text of that may be made in any thread."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._seen: tuple[Metric, ...] = ()

    def look(self) -> None:
        """Look at it now, in the thread of the event loop."""
        self._seen = tuple(self._look())

    def collect(self) -> Iterable[Metric]:
        """Return what was so at the last look."""
        return self._seen

    def _look(self) -> Iterator[Metric]:
        supervisor = self._supervisor
        now = supervisor.vitals()
        yield self._active(now.active)
        yield _one("ennio_mailbox_depth", "Messages that all sessions together have not read yet.", now.mail)
        yield _one("ennio_mailbox_depth_max", "Messages that one of them has not read yet.", now.most_mail)
        yield _one("ennio_notices_waiting", "Notices that operators are still to be given.", now.notices)
        yield _one("ennio_feed_readers", "Clients that wait for events just now.", supervisor.feed.readers)
        trouble = supervisor.trouble is not None
        yield _one("ennio_database_trouble", "1 while nothing can be stored.", trouble)
        ready = not (supervisor.recovering or supervisor.closing)
        yield _one("ennio_ready", "1 while the server takes work.", ready)
        words = "How surely an agent's tree can be ended."
        contained = _gauge("ennio_containment_info", words, "containment")
        contained.add_metric([supervisor.containment], 1)
        yield contained
        build = _gauge("ennio_build_info", "The version of ennio.", "version")
        build.add_metric([version("ennio")], 1)
        yield build

    def _active(self, counted: Mapping[tuple[ProjectId, str], int]) -> Metric:
        active = _gauge(
            "ennio_sessions_active", "Sessions that are not ended, by status.", "project", "status"
        )
        configured = [project.id for project in self._supervisor.projects()]
        zeros = dict.fromkeys(((project, word) for project in configured for word in STATUSES), 0)
        for labels, number in {**zeros, **counted}.items():
            active.add_metric(labels, number)
        return active


def _gauge(name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, labels=labels)


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)
