"""The description of the API as data: a table for each kind of thing, with one entry for an operation.

To describe a new operation, add an entry to the table it belongs to. `document` makes OpenAPI of them.
"""

from .agentapi import AGENTAPI
from .document import document
from .happenings import EVENTS, OUTPUT
from .operation import Operation, Section
from .outside import LOGIN, WEBHOOKS
from .pages import PAGES
from .projects import MONEY, NOTIFIERS, PROJECTS
from .server import MCP, SERVER
from .sessions import SESSIONS
from .talking import APPROVALS, MESSAGES

SECTIONS: tuple[Section, ...] = (
    SESSIONS,
    MESSAGES,
    APPROVALS,
    OUTPUT,
    EVENTS,
    PROJECTS,
    MONEY,
    NOTIFIERS,
    AGENTAPI,
    MCP,
    WEBHOOKS,
    LOGIN,
    SERVER,
    PAGES,
)
"""In the order in which they are read."""

__all__ = ["SECTIONS", "Operation", "Section", "document"]
