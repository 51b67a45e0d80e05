"""What can be said of one operation of the API: the values of which its description is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ennio.supervisor import Timeouts

from ..requests.bodies import Body

Schema = dict[str, Any]
"""A JSON Schema, draft 2020-12, as OpenAPI 3.1 has it."""
Examples = Mapping[str, Any]

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that is asked for in the path, the query or a header; `name` as it is written there."""

    name: str
    place: str
    schema: Schema
    words: str
    example: Any = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """A header of an answer; one that is not `required` comes in some cases alone, which the words tell."""

    name: str
    words: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    required: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """The body of a request: of this `kind`, or where no model reads it, with this `schema`."""

    examples: Examples
    kind: type[Body] | None = None
    schema: Schema | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """JSON with something of this `kind` in it: as `{"data": ...}`, or by itself where it is `bare`."""

    kind: Any
    example: Any = None
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Plain:
    """A body that is no JSON, or of which no model is made: its media type, and its schema."""

    media: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    example: Any = None


@dataclass(frozen=True, slots=True)
class Told:
    """One kind of event of a stream: its name (None: it has none), and what stands in its `data`."""

    kind: Any
    example: Any
    names: tuple[str, ...] | None = None
    with_id: bool = True


@dataclass(frozen=True, slots=True)
class Stream:
    """Server-Sent Events of these kinds, with no end of its own."""

    events: tuple[Told, ...]


Content = Data | Plain | Stream


@dataclass(frozen=True, slots=True)
class Answer:
    """A success, or what is told in another way than errors are. Without contents it has no body.

    `links` are operations that take the session's id, which stands in this answer.
    """

    words: str
    contents: tuple[Content, ...] = ()
    status: int = 200
    headers: tuple[Header, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path, which `document` writes as OpenAPI has it.

    `refusals` say when each status comes, as far as that is not the same everywhere (`refusals.common`).
    `timeout` gives the most that a caller may wait, in seconds, where `?timeout` is taken. `free`: it takes
    no token. `any_host`: it answers to any Host, also while the server begins. `unchallenged`: its 401 has no
    WWW-Authenticate.
    """

    method: str
    path: str
    id: str
    summary: str
    words: str = ""
    parameters: tuple[Parameter, ...] = ()
    timeout: Callable[[Timeouts], float] | None = None
    body: Taken | None = None
    answers: tuple[Answer, ...]
    refusals: Mapping[int, str] = field(default_factory=dict[int, str])
    free: bool = False
    any_host: bool = False
    unchallenged: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Operations that belong together, under one tag."""

    tag: str
    words: str
    operations: tuple[Operation, ...]
