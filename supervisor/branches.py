"""Branch names, gated before git ever sees them."""

import re
import unicodedata
from typing import Self

from .errors import Invalid

_LONGEST = 200
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.$|\.lock(/|$)|^[./-]|/$")


class BranchName(str):
    """A name that `git check-ref-format refs/heads/NAME` accepts, and that no command can misread.

    Beyond git-check-ref-format(1): no leading `-`, not `@` or `HEAD`, no `refs/` in front, no `@{`
    (`--branch` would expand `@{-1}`), at most 200 bytes of UTF-8.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take `text` as a branch name, or raise `Invalid`."""
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            raise Invalid("the branch name is not valid Unicode") from error
        if not 0 < size <= _LONGEST or text in {"@", "HEAD"} or text.startswith("refs/"):
            raise Invalid(f"{text[:80]!a} is no valid branch name")
        if _FORBIDDEN.search(text):
            raise Invalid(f"{text[:80]!a} is no valid branch name (git-check-ref-format(1))")
        return cls(text)


_LONGEST_DERIVED = 60


def derived(session_id: str, issue_id: str | None, title: str | None) -> BranchName:
    """Return the branch of a session that asked for none: `issue-NUMBER-TITLE`, else `ennio/SESSION`.

    The title is in kebab-case of a-z and 0-9, letters with accents without those; the whole is cut to 60.
    """
    if issue_id is None:
        return BranchName(f"ennio/{session_id}")
    plain = unicodedata.normalize("NFKD", f"issue-{issue_id}-{title or ''}".casefold())
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    kebab = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return BranchName.parse(kebab[:_LONGEST_DERIVED].strip("-"))
