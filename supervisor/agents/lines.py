"""The plainest dialogue: a message is a line of text, and output is a sign of life."""

from collections.abc import Iterable

from ..records import Activity


class Lines:
    """Messages as text with a newline after each; whatever comes back shows that the agent is active."""

    def receive(self, data: bytes) -> Iterable[Activity]:
        """Return `(Activity.ACTIVE,)` when there is data; the text itself is not read."""
        return (Activity.ACTIVE,) if data else ()

    def encode(self, text: str) -> bytes:
        """Return the text in UTF-8 and one newline; newlines inside it stay."""
        return f"{text}\n".encode()
