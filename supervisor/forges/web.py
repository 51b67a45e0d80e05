"""One way to ask a code host or tracker over HTTP, whatever its answers mean."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx2

from .cache import Answer, Answers
from .exchange import Exchange, pieces
from .pace import Pace
from .refusals import Refusals
from .words import fit, parse

LOG_LIMIT = 64 * 1024 * 1024
"""Bytes after which a text is read no further."""

PAGE = 100
"""Entries of one page of a list: the most that GitHub and GitLab give."""

_SECRET_HEADERS = frozenset({"authorization", "private-token", "job-token"})


class Web:
    """One code host or tracker as an HTTP API: asks under condition, keeps to its limits, tells its failures.

    `headers` carry the token and go to the origin of `base` alone. `name` and `setting` are for messages:
    who is asked, and where an operator finds the token. A path is put behind `base` as it is.

    Everything raises `ForgeFailed` when the host cannot be reached, fails, or answers what is no JSON;
    `ForgeRefused` when it does not take the token, or forbids it; `Throttled` when it has had enough, and
    until that is over without asking; `NotFound` for what is not there. Nothing is tried twice but a GET on
    a connection that the host had closed. `clock` tells seconds since the epoch.
    """

    def __init__(
        self,
        name: str,
        base: str,
        headers: Mapping[str, str],
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        setting: str = "tracker_config or scm_config",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.unchanged = 0
        """How many requests were answered with no more than that nothing has changed."""
        self._base = base.rstrip("/")
        secrets = tuple(
            value.split()[-1]
            for key, value in headers.items()
            if key.lower() in _SECRET_HEADERS and value.split()
        )
        self._answers, self._pace = Answers(), Pace(clock)
        self._refusals = Refusals(name, setting, secrets, self._pace)
        self._exchange = Exchange(self._base, headers, self._refusals, self._pace, transport)

    @property
    def asked(self) -> int:
        """How many requests were sent."""
        return self._exchange.asked

    @property
    def wait(self) -> float:
        """Seconds until it should be asked again without need; 0: now."""
        return self._pace.wait

    async def get(self, path: str, **params: str | int) -> Any:
        """Return the JSON at a path."""
        answer, _ = await self._read(self._url(path, params), path)
        return self._parsed(answer.body, f"GET {path}")

    async def get_all(
        self, path: str, *, most: int = 1000, inside: str | None = None, **params: str | int
    ) -> list[Any]:
        """Return a JSON list over all its pages, as far as `most` entries.

        `inside`: each page is an object that has its part of the list under this key.
        """
        url: httpx2.URL | None = self._url(path, {"per_page": PAGE, **params})
        found: list[Any] = []
        seen: set[str] = set()
        while url is not None and len(found) < most:
            if str(url) in seen:
                raise self._refusals.failed(f"answered GET {path} with pages that go round in a circle")
            seen.add(str(url))
            answer, kept = await self._read(url, path)
            part = self._part(answer, path, inside)
            if kept and answer.following is None and len(part) >= PAGE:
                # A full last page stays what it is when the list grows past it, and so does its tag.
                answer, _ = await self._read(url, path, conditional=False)
                part = self._part(answer, path, inside)
            found += part
            url = self._following(url, answer, path)
        return found[:most]

    async def send(self, method: str, path: str, content: Any) -> Any:
        """Send JSON, and return the JSON, or the nothing, that is answered.

        Raises `Conflict`, with the host's words, when the state of things forbids it.
        """
        doing = f"{method} {path}"
        async with self._exchange.answer(method, self._url(path, {}), doing, content=content) as got:
            body = await self._exchange.body(got, doing)
        if not got.is_success:
            self._refusals.tell(got.status_code, got.headers, body, doing, changing=True)
        return self._parsed(body, doing) if body.strip() else None

    async def tail(self, path: str, most: int) -> str:
        """Return the last `most` (at least 1) bytes of the text at a path; the host may send us elsewhere."""
        doing, last, size, body = f"GET {path}", bytearray(), 0, b""
        async with self._exchange.answer("GET", self._url(path, {}), doing, away=True) as got:
            if not got.is_success:
                body = await self._exchange.body(got, doing)
            else:
                async with pieces(got) as coming:
                    async for piece in coming:
                        size += len(piece)
                        if size > LOG_LIMIT:
                            raise self._refusals.failed(f"has more than {LOG_LIMIT >> 20} MiB for {doing}")
                        last = (last + piece)[-most:]
        if not got.is_success:
            if not self._exchange.ours(got.url):
                raise self._refusals.failed(
                    f"sent us elsewhere for {doing}, and there is HTTP {got.status_code}"
                )
            self._refusals.tell(got.status_code, got.headers, body, doing, changing=False)
        return _text(bytes(last), whole=size <= most)

    async def aclose(self) -> None:
        """Let go of all connections. A request after that makes new ones."""
        await self._exchange.aclose()

    def _url(self, path: str, params: Mapping[str, str | int]) -> httpx2.URL:
        try:
            url = httpx2.URL(self._base + path)
            return url.copy_merge_params(dict(params)) if params else url
        except httpx2.InvalidURL as error:
            raise self._refusals.failed(f"has no address for {path[:300]!a}") from error

    async def _read(self, url: httpx2.URL, path: str, *, conditional: bool = True) -> tuple[Answer, bool]:
        """Return the answer to a GET, and whether it is the one that was kept."""
        doing, key = f"GET {path}", str(url)
        kept = self._answers.get(key) if conditional else None
        tag = {"If-None-Match": kept.etag} if kept is not None and kept.etag else {}
        async with self._exchange.answer("GET", url, doing, more=tag) as got:
            following = got.links.get("next", {}).get("url")
            body = await self._exchange.body(got, doing)
        if kept is not None and got.status_code == httpx2.codes.NOT_MODIFIED:
            self.unchanged += 1
            return Answer(kept.body, kept.etag, following or kept.following), True
        if not got.is_success:
            self._refusals.tell(got.status_code, got.headers, body, doing, changing=False)
        self._parsed(body, doing)  # what is no JSON is never kept
        etag = got.headers.get("etag", "")
        answer = Answer(body, etag if etag.isascii() else None, following)  # no header could carry it back
        self._answers.keep(key, answer)
        return answer, False

    def _part(self, answer: Answer, path: str, inside: str | None) -> list[Any]:
        part = self._parsed(answer.body, f"GET {path}")
        if inside is not None and isinstance(part, dict):
            part = part.get(inside)
        if not isinstance(part, list):
            raise self._refusals.failed(f"answered GET {path} with something else than a list")
        return part

    def _following(self, url: httpx2.URL, answer: Answer, path: str) -> httpx2.URL | None:
        if answer.following is None:
            return None
        try:
            following = url.join(answer.following)
        except httpx2.InvalidURL as error:
            raise self._refusals.failed(f"has no address for the next page of GET {path}") from error
        if not self._exchange.ours(following):
            raise self._refusals.failed(
                f"has the next page of GET {path} at another host; it is not followed"
            )
        return following

    def _parsed(self, body: bytes, doing: str) -> Any:
        try:
            return parse(body)
        except ValueError as error:
            raise self._refusals.failed(f"answered {doing} with something else than JSON") from error


def _text(end: bytes, *, whole: bool) -> str:
    """Return bytes as text, without the rest of a character that was cut where they are not the whole."""
    if not whole:
        end = end[:3].lstrip(bytes(range(0x80, 0xC0))) + end[3:]
    return fit(end.decode("utf-8", "replace"))
