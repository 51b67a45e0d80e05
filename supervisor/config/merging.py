"""A reaction as a project has it: in its own words, else in those for all projects, else as usual."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from .reactions import DEFAULTS, SEND, Reaction
from .review_tables import ReactionTable, by_name
from .schema import ProjectTable, Settings


def merged(name: str, *tables: ReactionTable | None) -> Reaction:
    """Return a reaction, key by key from the last table that gives the key.

    What is about telling an agent is None where no agent is told.
    """
    reaction = DEFAULTS[name]
    for table in tables:
        if table is not None:
            reaction = replace(reaction, **table.model_dump(include=table.model_fields_set))
    return reaction if reaction.action == SEND else replace(reaction, retries=None, escalate_after=None)


def reactions_of(settings: Settings, project: ProjectTable) -> Mapping[str, Reaction]:
    """Return every reaction of a project, with those who hear of it."""
    common, own = by_name(settings.reactions), by_name(project.reactions)
    routes, usual = by_name(settings.notification_routing), _hearers(settings, project)
    return MappingProxyType(
        {
            name: replace(
                merged(name, common.get(name), own.get(name)), notifiers=tuple(routes.get(name, usual))
            )
            for name in DEFAULTS
        }
    )


def _hearers(settings: Settings, project: ProjectTable) -> list[str]:
    """Return who hears of what has no route. Nobody is meant by an empty list of a project's own alone."""
    if project.notifiers is not None:
        return project.notifiers
    return settings.defaults.notifiers or [notifier.name for notifier in settings.notifiers]
