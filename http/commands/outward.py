"""Whether trackers, code hosts and notifiers are configured well, and whether a server reaches them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .findings import Finding, Verdict
from .terminal import one_line

if TYPE_CHECKING:
    from ennio.supervisor.config import Config, PluginConfig

    from ..client import Client
    from ..shapes import Session

_PATIENCE = 3.0
"""Seconds that a tracker has to answer the server."""


def configured(config: "Config") -> Iterator[Finding]:
    """Say of each tracker, code host and notifier whether its options are good. None of them is asked."""
    for project in config.projects:
        for check, kind, wanted in (
            ("tracker", "trackers", project.tracker),
            ("code host", "scms", project.scm),
        ):
            if wanted is not None:
                yield _configured(f"{check} of {project.id}", kind, wanted)
    for name, wanted in config.notifiers.items():
        yield _configured(f"notifier {name}", "notifiers", wanted)


def _configured(check: str, kind: str, wanted: "PluginConfig") -> Finding:
    import trio

    from ennio.supervisor.errors import ConfigError
    from ennio.supervisor.options import Options
    from ennio.supervisor.plugins import load

    try:
        made: Any = load(kind, wanted.plugin)(options=Options(wanted.options, wanted.where))
    except ConfigError as error:
        return Finding(check, Verdict.MISSING, one_line(str(error)))
    trio.run(made.aclose)
    about = getattr(made, "name", wanted.plugin)
    return Finding(check, Verdict.OK, one_line(f"{about}, by its options; it was not asked"))


async def reached(config: "Config", client: "Client") -> list[Finding]:
    """Have a server look at each tracker, and say which code hosts it cannot ask for its sessions."""
    import trio

    seconds, found = min(_PATIENCE, config.timeouts.spawn), dict[str, Finding]()
    with_tracker = [project.id for project in config.projects if project.tracker]
    async with trio.open_nursery() as nursery:
        for project_id in with_tracker:
            nursery.start_soon(_ask_tracker, client, project_id, seconds, found)
    in_order = [found[project_id] for project_id in with_tracker]
    if any(project.scm for project in config.projects):
        in_order += _troubles(await client.list_sessions())
    return in_order


async def _ask_tracker(client: "Client", project_id: str, seconds: float, found: dict[str, Finding]) -> None:
    from ..client import Refused, Unreachable

    check = f"issues of {project_id}"
    try:
        issues = await client.issues(project_id, limit=1, timeout=seconds)
    except (Refused, Unreachable) as error:
        found[project_id] = Finding(check, Verdict.MIND, one_line(str(error)))
        return
    newest = f"the newest is {issues[0]['id']}" if issues else "none is open"
    found[project_id] = Finding(check, Verdict.OK, one_line(f"the server can read them; {newest}"))


def _troubles(sessions: "list[Session]") -> Iterator[Finding]:
    """Yield what sessions say of code hosts that cannot be asked, once for each project."""
    troubles = {one["project_id"]: why for one in sessions if (why := one.get("host_trouble"))}
    for project_id, why in troubles.items():
        yield Finding(one_line(f"pull requests of {project_id}"), Verdict.MIND, one_line(why))
