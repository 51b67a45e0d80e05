"""The keys about trackers, code hosts, reactions, and who hears of them.

`None` as a default means that the key was not given, and that something else decides.
"""

from typing import Any, Literal

from pydantic import BaseModel, Field, JsonValue

from .types import STRICT, NotifierName, Seconds, Text, Times


class Table(BaseModel):
    """A table of the configuration."""

    model_config = STRICT


class PluginTable(Table):
    """A tracker or a code host."""

    plugin: Text
    config: dict[str, JsonValue] = {}


class NotifierTable(Table):
    """A way to reach the operator."""

    name: NotifierName
    plugin: Text
    config: dict[str, JsonValue] = {}


class ReactionTable(Table):
    """What is done when something happened."""

    enabled: bool | None = None
    action: Literal["send_to_agent", "notify", "auto_merge"] | None = None
    message: Text | None = None
    priority: Literal["info", "action", "urgent", "critical"] | None = None
    retries: Times | None = None
    escalate_after: Seconds | None = None
    threshold: Seconds | None = None
    include_summary: bool | None = None


class Reactions(Table):
    """The reactions, by what happened."""

    ci_failed: ReactionTable | None = Field(default=None, alias="ci-failed")
    changes_requested: ReactionTable | None = Field(default=None, alias="changes-requested")
    bugbot_comments: ReactionTable | None = Field(default=None, alias="bugbot-comments")
    merge_conflicts: ReactionTable | None = Field(default=None, alias="merge-conflicts")
    approved_and_green: ReactionTable | None = Field(default=None, alias="approved-and-green")
    agent_stuck: ReactionTable | None = Field(default=None, alias="agent-stuck")
    agent_needs_input: ReactionTable | None = Field(default=None, alias="agent-needs-input")
    agent_exited: ReactionTable | None = Field(default=None, alias="agent-exited")
    all_complete: ReactionTable | None = Field(default=None, alias="all-complete")


class Routing(Table):
    """Who hears of which reaction: names of notifiers."""

    ci_failed: list[Text] | None = Field(default=None, alias="ci-failed")
    changes_requested: list[Text] | None = Field(default=None, alias="changes-requested")
    bugbot_comments: list[Text] | None = Field(default=None, alias="bugbot-comments")
    merge_conflicts: list[Text] | None = Field(default=None, alias="merge-conflicts")
    approved_and_green: list[Text] | None = Field(default=None, alias="approved-and-green")
    agent_stuck: list[Text] | None = Field(default=None, alias="agent-stuck")
    agent_needs_input: list[Text] | None = Field(default=None, alias="agent-needs-input")
    agent_exited: list[Text] | None = Field(default=None, alias="agent-exited")
    all_complete: list[Text] | None = Field(default=None, alias="all-complete")


def by_name(table: Reactions | Routing | None) -> dict[str, Any]:
    """Return what a table gives, by the names of reactions as the file writes them."""
    fields = type(table).model_fields if table is not None else {}
    given = {field.alias or name: getattr(table, name) for name, field in fields.items()}
    return {name: value for name, value in given.items() if value is not None}
