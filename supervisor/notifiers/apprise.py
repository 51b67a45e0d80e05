"""Notices to whatever the library apprise knows: https://appriseit.com lists its services and their URLs."""

import logging
from functools import partial
from typing import TYPE_CHECKING

import trio

from ..errors import NotifierFailed
from ..options import Options
from ..records import Notice

if TYPE_CHECKING:
    import apprise

PATIENCE = 25.0
"""Seconds that one service may take."""
_THREADS = 2
"""Services of one notifier that are asked at the same time, or hang."""
_MOST_HALF_DONE = 100
_NOWHERE = logging.NullHandler()
_KIND = {"urgent": "warning", "critical": "failure"}
"""What apprise calls a notice of this priority; else `info`."""


class AppriseNotifier:
    """Gives each notice to every one of the `urls`; what one of them took is not given to it again.

    The URLs hold secrets: errors say the place in the list and the service, and apprise's own log is off.
    """

    def __init__(self, options: Options) -> None:
        urls = options.texts("urls")
        options.done()
        if not urls:
            raise options.wrong("urls", "must have at least one URL")
        _silence()
        try:
            import apprise
        except ImportError as error:
            raise options.wrong(
                "urls", "needs the library apprise: `pip install 'ennio[apprise]'` installs it"
            ) from error
        asset = apprise.AppriseAsset(app_id="ennio", app_desc="ennio")
        self._services: list[tuple[str, apprise.Apprise]] = []
        for place, url in enumerate(urls, start=1):
            service = apprise.Apprise.instantiate(url, asset=asset)
            if service is None:
                says = (
                    f"has a URL at place {place} that apprise does not take; https://appriseit.com lists them"
                )
                raise options.wrong("urls", says)
            self._services.append((f"{service.service_name} (place {place})", _only(service, asset)))
        self._format = apprise.NotifyFormat.TEXT
        self._limiter = trio.CapacityLimiter(_THREADS)
        self._took: dict[str, set[str]] = {}

    async def notify(self, notice: Notice) -> None:
        """Give it to every service. Raises `NotifierFailed`, which names those that did not take it."""
        took = self._took.setdefault(notice.id, set())
        async with trio.open_nursery() as nursery:
            for name, service in self._services:
                if name not in took:
                    nursery.start_soon(self._give, name, service, notice, took)
        failed = [name for name, _ in self._services if name not in took]
        if failed:
            self._forget_old()
            raise NotifierFailed(f"apprise could not deliver by {', '.join(failed)}")
        self._took.pop(notice.id, None)

    async def aclose(self) -> None:
        """There is nothing to let go of."""

    async def _give(self, name: str, service: "apprise.Apprise", notice: Notice, took: set[str]) -> None:
        text = "\n".join(filter(None, (notice.text.strip(), notice.url)))
        ask = partial(
            service.notify,
            body=text or notice.title,
            title=notice.title if text else "",
            notify_type=_KIND.get(notice.priority, "info"),
            body_format=self._format,
        )
        with trio.move_on_after(PATIENCE):
            if await trio.to_thread.run_sync(ask, abandon_on_cancel=True, limiter=self._limiter):
                took.add(name)

    def _forget_old(self) -> None:
        while len(self._took) > _MOST_HALF_DONE:
            del self._took[next(iter(self._took))]


def _only(service: "apprise.NotifyBase", asset: "apprise.AppriseAsset") -> "apprise.Apprise":
    import apprise

    one = apprise.Apprise(asset=asset)
    one.add(service)
    return one


def _silence() -> None:
    """Keep apprise's log to itself: it may write URLs there."""
    log = logging.getLogger("apprise")
    log.addHandler(_NOWHERE)
    log.propagate = False
