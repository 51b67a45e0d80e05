"""What an answer that is no success means to us."""

from collections.abc import Mapping
from typing import NoReturn

from ..errors import Conflict, EnnioError, ForgeFailed, ForgeRefused, NotFound, Throttled
from .pace import Pace
from .words import complaint, one_line

GONE = frozenset({404, 410})
WILL_NOT = frozenset({405, 406, 409, 422})
"""By what hosts say that the state of a thing forbids what was asked: 406 is what an older GitLab says."""


class Refusals:
    """Tells of a host, called `name`, in errors. `setting` is where an operator finds the token."""

    def __init__(self, name: str, setting: str, secrets: tuple[str, ...], pace: Pace) -> None:
        self._name, self._setting, self._secrets, self._pace = name, setting, secrets, pace

    def failed(self, says: str) -> ForgeFailed:
        """Return the error that begins with the host's name."""
        return ForgeFailed(f"{self._name} {says}")

    def said(self, text: str) -> str:
        """Return words of the host's as they may stand in a message."""
        return one_line(text, self._secrets)

    def check_pace(self) -> None:
        """Raise `Throttled` while the host takes no requests."""
        if self._pace.closed > 0.0:
            raise self._throttled(self._pace.closed, "has had enough requests")

    def tell(
        self, status: int, headers: Mapping[str, str], body: bytes, doing: str, *, changing: bool
    ) -> NoReturn:
        """Raise what a failed answer to `doing` means; `changing`: something was to be changed by it."""
        words = complaint(body)
        raise self._meaning(status, headers, words, doing, changing)

    def _meaning(
        self, status: int, headers: Mapping[str, str], words: str, doing: str, changing: bool
    ) -> EnnioError:
        said = self.said(words)
        quoted = f": {said}" if said else ""
        seconds = self._pace.refused(status, headers, words)
        if seconds is not None:
            return self._throttled(seconds, f"takes no more requests (HTTP {status}{quoted})")
        if status == 401:
            return ForgeRefused(
                f"{self._name} does not accept our token (HTTP 401{quoted}); "
                f"put one that is valid into `token` of {self._setting}"
            )
        if status == 403:
            return ForgeRefused(
                f"{self._name} forbids {doing} (HTTP 403{quoted}); check which scopes and repositories the "
                f"token in {self._setting} has, and whether it is authorized for the organization's SSO"
            )
        if status in GONE:
            return NotFound(
                f"{self._name} has nothing at {doing} (HTTP {status}{quoted}), "
                f"or the token in {self._setting} may not see it"
            )
        if changing and status in WILL_NOT:
            return Conflict(f"{self._name} will not do {doing} (HTTP {status}){quoted}")
        return self.failed(f"failed at {doing} (HTTP {status}){quoted}")

    def _throttled(self, seconds: float, says: str) -> Throttled:
        return Throttled(f"{self._name} {says}; it is asked again in {seconds:.0f} s", seconds=seconds)
