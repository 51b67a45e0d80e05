"""What must hold for notifiers, trackers and code hosts, and wherever notifiers are named."""

import math
from collections.abc import Iterator

from .draft import Draft
from .problems import Key, Problem, dotted, nearest, walk
from .review_tables import NotifierTable, PluginTable, by_name


def plugin_problems(draft: Draft) -> Iterator[Problem]:
    """Yield whatever is wrong with plugins, as far as that can be seen without loading any."""
    for kind, key, table in draft.plugins():
        yield from _plugin(draft, kind, key, table)
    first: dict[str, Key] = {}
    for index, notifier in enumerate(draft.settings.notifiers):
        place: Key = ("notifiers", index, "name")
        if notifier.name in first:
            says = f"is the name of another notifier already: `{dotted(first[notifier.name])}`"
            yield Problem(place, says)
        first.setdefault(notifier.name, place)
    for key, names in _hearers(draft):
        yield from _known(draft, names, frozenset(first), key)


def _plugin(draft: Draft, kind: str, key: Key, table: PluginTable | NotifierTable) -> Iterator[Problem]:
    known = draft.installed[kind]
    if table.plugin not in known:
        given = draft.given((*key, "plugin"))[:80]
        says = f"names the plugin {given!a}, which nobody defines; {nearest(given, known)}"
        yield Problem((*key, "plugin"), says)
    for place, value in walk(table.config, (*key, "config")):
        if isinstance(value, float) and not math.isfinite(value):
            yield Problem(place, "must be a finite number")


def _hearers(draft: Draft) -> Iterator[tuple[Key, list[str]]]:
    """Yield every list of notifiers' names."""
    settings = draft.settings
    yield ("defaults", "notifiers"), settings.defaults.notifiers
    for name, names in by_name(settings.notification_routing).items():
        yield ("notification_routing", name), names
    for index, project in enumerate(settings.projects):
        yield ("projects", index, "notifiers"), project.notifiers or []


def _known(draft: Draft, names: list[str], known: frozenset[str], key: Key) -> Iterator[Problem]:
    for index, name in enumerate(names):
        given = draft.given((*key, index))[:80]
        if name not in known:
            there = [draft.given(("notifiers", at, "name")) for at in range(len(draft.settings.notifiers))]
            says = f"names the notifier {given!a}, which nobody defines; {nearest(given, there)}"
            yield Problem((*key, index), says)
        elif name in names[:index]:
            yield Problem((*key, index), f"names the notifier {given!a} again")
