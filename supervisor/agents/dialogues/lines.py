"""The plainest dialogue: a message is a line of text, and output is a sign of life."""

from collections.abc import Iterable, Mapping

from ...observations import Observation, Seems
from ...protocols import Memory
from ...records import Activity

_ACTIVE = (Seems(Activity.ACTIVE),)


class Lines:
    """Messages as text with a newline after each; whatever comes back shows that the agent is active."""

    turns = False
    ready = True

    def open(self) -> bytes:
        """Return nothing: the first message is the first word."""
        return b""

    def receive(self, line: bytes) -> Iterable[Observation]:
        """Return that the agent seems active; the text itself, empty or not, is not read."""
        return _ACTIVE

    def replies(self) -> bytes:
        """Return nothing."""
        return b""

    def tell(self, text: str) -> bytes:
        """Return the text in UTF-8 and one newline; newlines inside it stay."""
        return f"{text}\n".encode(errors="replace")

    def memory(self) -> Memory:
        """Return nothing: every line stands for itself."""
        return {}

    def recall(self, memory: Mapping[str, object]) -> None:
        """Do nothing."""

    def readable(self, line: bytes) -> str:
        """Return the line as it is."""
        return f"{line.decode(errors='replace')}\n"
