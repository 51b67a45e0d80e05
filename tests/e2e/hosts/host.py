"""What hosts have in common: who may ask, ETags, pages, rate limits, faults, and a record of all requests."""

import hashlib
import json
import math
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl

import trio
from quart import Response, request
from quart_trio import QuartTrio

from .faults import Faults
from .hooks import Webhooks
from .replies import Asked, Listing, Paged, Question, Refused, Reply, Routes, page
from .serving import Served

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
HOUR = 3600


class Host:
    """A host of one repository, on 127.0.0.1. What is changed by a test is seen by the next request."""

    routes: ClassVar[Routes]
    usual_page = 30
    limit = 5000

    def __init__(self, owner: str = "o", repo: str = "r", token: str = "t0ken-of-a-host") -> None:
        self.owner, self.repo, self.token = owner, repo, token
        self.lock = threading.RLock()
        self.faults = Faults()
        self.requests: list[Asked] = []
        self.used = 0
        self.reset = int(time.time()) + HOUR
        self.hooks: Webhooks | None = None
        self._throttled: tuple[float, str] | None = None
        self._bugs: list[str] = []
        self._ids = 1000
        self._edition = 0
        app = QuartTrio(type(self).__name__)
        app.add_url_rule("/<path:path>", "all", self._answer, methods=METHODS)
        self._served = Served(app)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._served.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it. Fails if it did not know what to answer."""
        self._served.close()
        if self.hooks:
            self.hooks.close()
        assert not self._bugs, self._bugs[0]

    # What tests do to it

    def down(self) -> None:
        """Refuse connections."""
        self._served.down()

    def up(self) -> None:
        """Be there again, without faults."""
        self.heal()
        self._served.up()

    def heal(self) -> None:
        """Have nothing wrong any more; a token that was forgotten stays so."""
        self.faults.heal()
        self._throttled = None

    def fail(self, status: int = 500, **more: Any) -> None:
        """Answer with this status: see `Faults.fail`."""
        self.faults.fail(status, **more)

    def truncate(self, **more: Any) -> None:
        """Cut all JSON: see `Faults.truncate`.

        All counts as modified once more: an answer that says no more than 304 leaves nothing to cut.
        """
        with self.lock:
            self._edition += 1
            self.faults.truncate(**more)

    def slow(self, seconds: float, **more: Any) -> None:
        """Answer late: see `Faults.slow`."""
        self.faults.slow(seconds, **more)

    def throttle(self, seconds: float, kind: str = "primary") -> None:
        """Have had enough for so long. The moment is told in whole seconds, so it may be one longer."""
        until = math.ceil(time.time() + seconds)
        self._throttled = (until, kind)
        self.reset = until

    def forget_token(self, new: str = "another-token") -> None:
        """Take another token from now on."""
        self.token = new

    def count(self, where: str = "", status: int | None = None, since: int = 0) -> int:
        """Return how many requests after the first `since` had `where` in their `METHOD path`."""
        return sum(
            where in f"{one.method} {one.path}" and status in (None, one.status)
            for one in self.requests[since:]
        )

    # What vendors say

    def new_id(self) -> int:
        """Return a number that nothing else has."""
        self._ids += 1
        return self._ids

    def now(self) -> datetime:
        """Return the time of the host's clock."""
        return datetime.now(UTC)

    def admit(self, question: Question) -> None:
        """Raise `Refused` for who may not ask."""
        raise NotImplementedError

    def enough(self, seconds: int, kind: str) -> Reply:
        """Return what is said while there were too many requests."""
        raise NotImplementedError

    def refusal(self, refused: Refused) -> Reply:
        """Return how a refusal looks."""
        raise NotImplementedError

    def rate(self) -> dict[str, str]:
        """Return the headers about what may still be asked."""
        raise NotImplementedError

    def paging(self, paged: Paged, question: Question) -> dict[str, str]:
        """Return the headers about other pages."""
        links = paged.links(f"{self.url}{question.raw_path}", question.query)
        return {"Link": links} if links else {}

    # One request

    async def _answer(self, path: str) -> Response:
        body = await request.get_data()
        assert isinstance(body, bytes)
        question = Question(
            request.method,
            f"/{path}",
            bytes(request.scope["raw_path"]).decode(),
            dict(parse_qsl(request.query_string.decode(), keep_blank_values=True)),
            {key.lower(): value for key, value in request.headers.items()},
            body,
        )
        asked = f"{question.method} {question.raw_path}"
        if fault := self.faults.take("slow", asked):
            await trio.sleep(fault.value)
        self._act("before", asked)
        with self.lock:
            reply = self._reply(question, asked)
            self.requests.append(
                Asked(question.method, question.raw_path, reply.status, question.query, time.time())
            )
        self._act("after", asked)
        content = reply.text if reply.text is not None else json.dumps(reply.value)
        if reply.status == 304 or (reply.value is None and reply.text is None):
            content = ""
        elif self.faults.take("truncate", asked):
            content = content[: len(content) // 2]
        return Response(content, reply.status, reply.headers)

    def _act(self, kind: str, asked: str) -> None:
        fault = self.faults.take(kind, asked)
        if fault and fault.act:
            fault.act()

    def _reply(self, question: Question, asked: str) -> Reply:
        if fault := self.faults.take("fail", asked):
            return Reply(
                status=int(fault.value),
                text="<html><h1>Oops</h1></html>",
                headers={"Content-Type": "text/html"},
            )
        try:
            self.admit(question)
            if self._throttled and (left := self._throttled[0] - time.time()) > 0:
                reply = self.enough(math.ceil(left), self._throttled[1])
                reply.headers |= {"Content-Type": "application/json; charset=utf-8", **self.rate()}
                return reply
            self._throttled = None
            reply = self._found(question)
        except Refused as refused:
            reply = self.refusal(refused)
            reply.headers |= refused.headers
        except Exception:
            self._bugs.append(traceback.format_exc())
            reply = Reply({"message": "a bug of these tests"}, 500)
        return self._finished(question, reply)

    def _found(self, question: Question) -> Reply:
        if question.body:
            try:
                question.value = json.loads(question.body)
            except ValueError:
                raise Refused(400, "Problems parsing JSON") from None
        found = self.routes.find(question)
        if not found:
            raise Refused(404, "Not Found")
        answer: Callable[..., Any] = found[0]
        said = answer(self, question, **found[1])
        if isinstance(said, Listing):
            items, paged = page(said, question.query, self.usual_page)
            return Reply(said.wrap(items), headers=self.paging(paged, question))
        return said if isinstance(said, Reply) else Reply(said)

    def _finished(self, question: Question, reply: Reply) -> Reply:
        """Add what every answer has. One that is not modified costs nothing, and repeats no links."""
        reply.headers.setdefault("Content-Type", "application/json; charset=utf-8")
        if question.method == "GET" and reply.status == 200 and reply.text is None:
            marked = f"{json.dumps(reply.value)}{self.token}{self._edition}"
            mark = hashlib.sha256(marked.encode()).hexdigest()
            reply.headers["ETag"] = f'W/"{mark}"'
            given = question.headers.get("if-none-match", "")
            if mark in given:
                reply = Reply(status=304, headers={"ETag": reply.headers["ETag"]})
        if reply.status not in {304, 401}:
            self.used += 1
        if time.time() >= self.reset:
            self.used, self.reset = 0, int(time.time()) + HOUR
        reply.headers |= self.rate()
        return reply
