"""The ways to reach an operator."""

from typing import Protocol

from ..records import Notice


class Notifier(Protocol):
    """A way to reach an operator."""

    async def notify(self, notice: Notice) -> None:
        """Deliver it. Raises `NotifierFailed`, which says whether another try may help."""

    async def aclose(self) -> None:
        """Let go of all connections."""
