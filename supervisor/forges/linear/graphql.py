"""How Linear is asked: one question in GraphQL, and what goes wrong with it in our words.

https://linear.app/developers/graphql
https://linear.app/developers/rate-limiting
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import Conflict, EnnioError, ForgeFailed, ForgeRefused, NotFound, Throttled
from ..fields import mapping, part, understood, words
from ..web import Web
from ..words import one_line

REST = 60.0
"""Seconds of rest after a limit for which Linear does not say when it is over."""

_ABSENT = ("entity not found",)
_THROTTLED = ("ratelimited", "rate limit exceeded")
_REFUSED = ("authentication error", "authentication_error", "authentication required", "not authenticated")
_FORBIDDEN = "forbidden"


class GraphQL:
    """Linear, asked by way of `web`, which sends `key`."""

    def __init__(self, web: Web, key: str) -> None:
        self._web, self._key = web, key

    async def ask(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the data that a query, or a mutation, is answered with.

        Raises `NotFound` for what is not there, `ForgeRefused`, `Throttled`, else `ForgeFailed`. Linear
        says what is wrong with HTTP 200 as well as with 400.
        """
        try:
            answer = await self._web.send("POST", "", {"query": query, "variables": dict(variables)})
        except (NotFound, Conflict) as error:
            raise ForgeFailed(f"{error}; is `api_url` that of a GraphQL API?") from error
        except (ForgeRefused, Throttled):
            raise
        except ForgeFailed as error:
            raise self._meaning((str(error),), str(error)) from error
        with understood(self._web.name, "a question"):
            told = mapping(answer)
            errors = [mapping(one) for one in told.get("errors") or ()]
            if not errors:
                return mapping(told["data"])
            first, extensions = errors[0], part(errors[0], "extensions")
            said = words(extensions, "userPresentableMessage") or words(first, "message")
            marks = (words(extensions, "type"), words(extensions, "code"), words(first, "message"))
        why = one_line(said, (self._key,)) or "it does not say why"
        raise self._meaning(marks, f"{self._web.name} failed: {why}")

    def _meaning(self, marks: Iterable[str], says: str) -> EnnioError:
        """Return the error that is meant by Linear's marks for it: a type, a code, or its words."""
        known = [mark.lower() for mark in marks]

        def among(signs: Iterable[str]) -> bool:
            return any(sign in mark for sign in signs for mark in known)

        if among(_ABSENT):
            return NotFound(says)
        if among(_THROTTLED):
            return Throttled(says, seconds=self._web.wait or REST)
        if among(_REFUSED) or _FORBIDDEN in known:
            return ForgeRefused(f"{says}; check `token` in tracker_config, and what it may do")
        return ForgeFailed(says)
