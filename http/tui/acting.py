"""What is asked of the server about a session: each says in words that it was done."""

from collections.abc import Callable

from ..client import Client
from ..shapes import Approval
from .dialogs import Wishes
from .known import Known
from .plain import line


class Acting:
    """Does things; `look(session_id)` is called when something of a session is different then.

    Each method raises `Refused` or `Unreachable`.
    """

    def __init__(self, client: Client, known: Known, look: Callable[[str], None]) -> None:
        self._client, self._known, self._look = client, known, look

    async def decide(self, approval: Approval, *, allow: bool) -> str:
        """Allow or deny what an agent asks for."""
        session_id = approval["session_id"]
        try:
            await self._client.decide(session_id, approval["id"], allow=allow)
        finally:
            self._look(session_id)
        self._known.decided(session_id, approval["id"])
        return line(f"{'allowed' if allow else 'denied'} {approval['tool']}: {approval['summary']}")

    async def send(self, session_id: str, wishes: Wishes, key: str) -> str:
        """Give an agent a message."""
        await self._client.send(session_id, wishes["message"], idempotency_key=key)
        self._look(session_id)
        return f"sent to {session_id}"

    async def restore(self, session_id: str) -> str:
        """Start a session's agent again."""
        await self._client.restore(session_id)
        self._look(session_id)
        return f"{session_id} is at work again"

    async def kill(self, session_id: str) -> str:
        """End all that a session's agent started."""
        await self._client.kill(session_id)
        self._look(session_id)
        return f"killed {session_id}: nothing that it started is running"

    async def spawn(self, wishes: Wishes, key: str) -> str:
        """Start an agent."""
        session = await self._client.spawn(
            wishes["project_id"],
            prompt=wishes.get("prompt"),
            issue_id=wishes.get("issue_id"),
            branch=wishes.get("branch"),
            role=wishes.get("role"),
            idempotency_key=key,
        )
        self._look(session["id"])
        return line(f"started {session['id']}")

    async def projects(self) -> list[str]:
        """Return the ids of the configured projects."""
        return [str(each["id"]) for each in await self._client.projects()]
