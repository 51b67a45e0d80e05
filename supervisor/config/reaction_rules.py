"""What must hold in a reaction, and between a project's own words on it and those for all projects."""

from collections.abc import Iterator, Sequence

from .draft import Draft
from .merging import merged
from .problems import Key, Problem
from .reactions import ACTIONS, SEND, Reaction
from .review_tables import ReactionTable, by_name

_OF_ONE = {"threshold": "agent-stuck", "include_summary": "all-complete"}
"""Keys that one reaction alone has."""

_OF_TELLING = frozenset({"retries", "escalate_after"})
"""Keys about how an agent is told."""


def reaction_problems(draft: Draft) -> Iterator[Problem]:
    """Yield whatever is wrong with the reactions: what cannot be done, and what would do nothing."""
    common = by_name(draft.settings.reactions)
    own = [by_name(project.reactions) for project in draft.settings.projects]
    for name, table in common.items():
        becomes = [merged(name, table), *(merged(name, table, tables.get(name)) for tables in own)]
        yield from _wrong(name, table, becomes, ("reactions", name))
    for index, tables in enumerate(own):
        for name, table in tables.items():
            becomes = [merged(name, common.get(name), table)]
            yield from _wrong(name, table, becomes, ("projects", index, "reactions", name))


def _wrong(name: str, table: ReactionTable, becomes: Sequence[Reaction], key: Key) -> Iterator[Problem]:
    """Look at a table that stands at `key`; `becomes` is what comes of it, wherever it counts."""
    if table.action is not None and table.action not in ACTIONS[name]:
        says = f"cannot be `{table.action}` for `{name}`, it may be {_either(ACTIONS[name])}"
        yield Problem((*key, "action"), says)
    for option in sorted(table.model_fields_set - {"enabled"}):
        reasons = [_idle(name, option, reaction) for reaction in becomes]
        if all(reasons):
            yield Problem((*key, option), f"does nothing: {reasons[0]}")


def _idle(name: str, option: str, reaction: Reaction) -> str | None:
    """Say why a key does nothing in a reaction, or None if it does something."""
    if _OF_ONE.get(option, name) != name:
        return f"only `{_OF_ONE[option]}` has it"
    if not reaction.enabled:
        return "the reaction is not `enabled`"
    if option in _OF_TELLING and reaction.action != SEND:
        return f"the `action` is `{reaction.action}`, not `{SEND}`"
    return None


def _either(words: frozenset[str]) -> str:
    *most, last = (f"`{word}`" for word in sorted(words))
    return f"{', '.join(most)} or {last}" if most else last
