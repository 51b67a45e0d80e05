"""What a request comes to before it is put on the wire, and how a request finds who answers it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Json = dict[str, Any]


@dataclass
class Question:
    """A request, as far as those who answer need it. `raw_path` is as it came, with its escapes."""

    method: str
    path: str
    raw_path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    value: Any = None


@dataclass
class Reply:
    """An answer: JSON, unless `text` is given."""

    value: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None


@dataclass
class Listing:
    """Items of which a page is to be answered; `wrap` puts a page's items into what surrounds them."""

    items: list[Any]
    wrap: Callable[[list[Any]], Any] = lambda items: items


class Refused(Exception):
    """The host says no."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(f"{status} {message}")
        self.status, self.message, self.headers = status, message, headers


class Asked(NamedTuple):
    """A request that was answered."""

    method: str
    path: str
    status: int
    query: dict[str, str]
    at: float


class Paged(NamedTuple):
    """Where a page stands among all of its listing."""

    number: int
    size: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.total // self.size))

    def links(self, url: str, query: dict[str, str]) -> str:
        """Return what stands in a Link header; empty when there is one page."""
        wanted = {"prev": self.number - 1, "next": self.number + 1, "last": self.last, "first": 1}
        if self.number == 1:
            del wanted["prev"], wanted["first"]
        if self.number >= self.last:
            del wanted["next"], wanted["last"]
        base = "&".join(f"{key}={value}" for key, value in query.items() if key != "page")
        at = f"{url}?{base}&page=" if base else f"{url}?page="
        return ", ".join(f'<{at}{number}>; rel="{name}"' for name, number in wanted.items())


def page(listing: Listing, query: dict[str, str], usual: int) -> tuple[list[Any], Paged]:
    """Return the items of the page that is asked for; at most 100, as both hosts do."""

    def number(key: str, default: int) -> int:
        given = query.get(key, "")
        return int(given) if given.isdigit() and int(given) > 0 else default

    size, at = min(number("per_page", usual), 100), number("page", 1)
    return listing.items[(at - 1) * size : at * size], Paged(at, size, len(listing.items))


class Routes:
    """Who answers what, by method and a path in which `{name}` is one segment, and `{name*}` some."""

    def __init__(self) -> None:
        self._table: list[tuple[str, re.Pattern[str], Callable[..., Any]]] = []

    def __call__(self, method: str, path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+?)", path)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

        def add(answer: Callable[..., Any]) -> Callable[..., Any]:
            self._table.append((method, re.compile(pattern), answer))
            return answer

        return add

    def find(self, question: Question) -> tuple[Callable[..., Any], dict[str, str]] | None:
        """Return who answers, and the path's names; None: nobody."""
        for method, pattern, answer in self._table:
            if method == question.method and (found := pattern.fullmatch(question.path)):
                return answer, found.groupdict()
        return None
