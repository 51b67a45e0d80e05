"""Branch names, gated before git ever sees them."""

import re
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
