"""What an agent asks of a model and what it is answered, whatever the vendor's wire format."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Frame = tuple[str | None, Json | str]
"""One event of a stream: its name, where the vendor names them, and its data."""

BLOCK = re.compile(r"\s*<([a-zA-Z_][\w-]*)[^>]*>.*?</\1>\s*", re.DOTALL)
GENERATED = re.compile(r"\s*(# AGENTS\.md|This is the (Gemini|Qwen)|\[SYSTEM|\[Request interrupted)")
AIDER = "*SEARCH/REPLACE block*"
"""Aider offers no tools: it has files changed by such blocks in the answer."""


@dataclass(frozen=True)
class Usage:
    """Tokens of one answer, each counted once: `fresh` are neither read from the cache nor written to it."""

    fresh: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0


EACH = Usage(fresh=1000, cache_read=200, cache_write=100, output=50, reasoning=10)
"""What every answer of a script costs, as far as its vendor tells: see `counted`."""

NOTHING = Usage()
"""What a side question costs, for instance for a title: some agents count those, and some do not."""


def counted(vendor: str, usage: Usage) -> Usage:
    """Return the part of a usage that a vendor's wire format has a field for."""
    if vendor == "anthropic":
        return Usage(usage.fresh, usage.cache_read, usage.cache_write, usage.output)
    return Usage(usage.fresh, usage.cache_read, 0, usage.output, usage.reasoning)


@dataclass(frozen=True)
class Tool:
    """A tool that the agent offers. A `freeform` one takes text instead of JSON."""

    name: str
    schema: Json
    freeform: bool = False


@dataclass(frozen=True)
class Part:
    """One part of the conversation so far: `kind` is user, assistant, call or result."""

    kind: str
    text: str = ""


@dataclass
class Question:
    """One request to the model. `words` is every string in it, generated ones too."""

    vendor: str
    model: str
    streaming: bool
    system: str = ""
    parts: list[Part] = field(default_factory=list)
    tools: list[Tool] = field(default_factory=list)
    schema: Json | None = None
    words: str = ""

    @property
    def heard(self) -> list[str]:
        """All that a person has said in this conversation, oldest first."""
        return [part.text for part in self.parts if part.kind == "user" and part.text]

    @property
    def user(self) -> str:
        """What a person said last."""
        return (self.heard or [""])[-1]

    @property
    def since(self) -> list[Part]:
        """What came after that."""
        told = [n for n, part in enumerate(self.parts) if part.kind == "user" and part.text]
        return self.parts[told[-1] + 1 :] if told else self.parts

    @property
    def step(self) -> int:
        """How many times tools were called since."""
        return sum(part.kind == "call" for part in self.since)

    @property
    def result(self) -> str:
        """What the last of them returned."""
        return ([""] + [part.text.strip() for part in self.since if part.kind == "result"])[-1]

    @property
    def aside(self) -> bool:
        """Whether it is no part of the conversation, but for instance asks for a title of it."""
        return self.schema is not None or (not self.tools and AIDER not in self.system + self.words)


@dataclass
class Answer:
    """What the model says, and the tool that it calls; `raw` is what a freeform tool is given."""

    text: str = ""
    tool: str = ""
    args: Json = field(default_factory=dict)
    raw: str | None = None
    id: str = ""
    usage: Usage = NOTHING
    hangs: bool = False
    cut: bool = False

    @property
    def pieces(self) -> list[str]:
        """The text as it is streamed."""
        return re.findall(r"\S+\s*|\s+", self.text)

    @property
    def given(self) -> str:
        """What the tool is given, as text."""
        return self.raw if self.raw is not None else json.dumps(self.args)


@dataclass(frozen=True)
class Failure:
    """An error of HTTP instead: `kind` is `error`, or `limit` for the account's usage limit."""

    status: int
    kind: str = "error"
    retry_after: int | None = None
    lasts: int = 3600
    """Seconds until a limit is over."""


def flat(content: Any) -> str:
    """Return the text of a message's content: a string, or parts of several kinds."""
    match content:
        case None:
            return ""
        case str():
            return content
        case dict():
            known = [content[key] for key in ("text", "output", "content", "error") if key in content]
            return flat(known[0]) if known else json.dumps(content)
        case _:
            return "\n".join(filter(None, map(flat, content)))


def strings(value: Any) -> Iterator[str]:
    """Return every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def spoken(texts: list[str]) -> str:
    """Return the last text that a person said: agents put <blocks> of their own before it and beside it."""
    for text in reversed(texts):
        said = text
        while block := BLOCK.match(said):
            said = said[block.end() :]
        said = said.split("\n\n# " + AIDER)[0].strip()
        if said and not GENERATED.match(said):
            return said
    return ""


def texts(content: Any) -> list[str]:
    """Return the texts of a content's parts, each by itself."""
    return [content] if isinstance(content, str) else [flat(part) for part in content or []]
