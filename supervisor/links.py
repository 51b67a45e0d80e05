"""From a configuration to its trackers, code hosts and notifiers: each plugin with its own options."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
import trio

from .config import Config, PluginConfig
from .errors import ConfigError
from .ids import ProjectId
from .metering import Observer, metered
from .options import Options
from .plugins import load
from .protocols import Notifier, Scm, Tracker

_CLOSING = 2.0
"""Seconds that all connections together have to be closed."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Links:
    """What a server has to do with the world outside: by project, and notifiers by their names."""

    trackers: Mapping[ProjectId, Tracker]
    scms: Mapping[ProjectId, Scm]
    notifiers: Mapping[str, Notifier]

    async def run_forever(self) -> None:
        """Let go of all connections to trackers and code hosts at the end."""
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(_CLOSING, shield=True):
                for tracker in self.trackers.values():
                    await _close(tracker)
                for scm in self.scms.values():
                    await _close(scm)


async def _close(one: Tracker | Scm) -> None:
    try:
        await one.aclose()
    except Exception:
        _log.exception("a connection was not closed in order", host=one.name)


def links(config: Config, observe: Observer | None = None) -> Links:
    """Make them all. Raises `ConfigError`, which names the file and the key, for options that are wrong."""
    projects = config.projects

    def made(kind: str, wanted: PluginConfig) -> Any:
        return metered(kind, wanted.plugin, _made(config, f"{kind}s", wanted), observe)

    return Links(
        trackers={one.id: made("tracker", one.tracker) for one in projects if one.tracker},
        scms={one.id: made("scm", one.scm) for one in projects if one.scm},
        notifiers={name: made("notifier", one) for name, one in config.notifiers.items()},
    )


def _made(config: Config, kind: str, wanted: PluginConfig) -> Any:
    try:
        return load(kind, wanted.plugin)(options=Options(wanted.options, wanted.where))
    except ConfigError as error:
        raise ConfigError(f"{config.file.name}: {error}") from error
