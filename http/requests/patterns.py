"""What texts may be, as JSON Schema says it, for the description of the API; what reads them decides.

Regular expressions are those of ECMA-262 with the flag `u`. What they cannot say, the words say.
"""

from typing import Any

_BLANKS = r"\s\u001c-\u001f\u0085"
_PRINTED = r"[^\p{C}\p{Z}]"

_NOT_BLANK = rf"^[^\u0000]*[^\u0000{_BLANKS}][^\u0000]*$"
_PRINTABLE = rf"^ *{_PRINTED}( |{_PRINTED})*$"
_BRANCH = (
    rf"^(?![{_BLANKS}]*$)(?![-./])(?!refs/)(?!(@|HEAD)$)(?!.*(\.\.|@\{{|//|/\.|[./]$|\.lock(/|$)))"
    r"[^\u0000-\u0020\u007f~^:?*\[\\]+$"
)

ID = r"^[A-Za-z0-9_-]{1,64}$"
"""Of whatever has a name in a path."""

TEXT: dict[str, Any] = {"type": "string", "minLength": 1, "pattern": _NOT_BLANK}
"""A text with something in it, and no NUL."""

IDENTIFIER: dict[str, Any] = {"type": "string", "pattern": ID}

BRANCH: dict[str, Any] = {
    "type": "string",
    "format": "git-branch",
    "minLength": 1,
    "maxLength": 200,
    "pattern": _BRANCH,
}
"""What git-check-ref-format(1) takes; the most is counted in bytes."""


def printable(most: int) -> dict[str, Any]:
    """Return what a line of at most so many printable characters is."""
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": _PRINTABLE}
