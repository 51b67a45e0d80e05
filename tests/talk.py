"""Talking to the API over fakes: what is asked, with the status that it must have."""

from typing import Any

from quart.typing import TestClientProtocol as HttpClient
from quart.wrappers import Response

OWN = {"Host": "localhost"}
BASE = "/api/v1"


async def asked(client: HttpClient, method: str, path: str, status: int = 200, **more: Any) -> Response:
    """Ask, insist on the status and on the shape of the answer, and return the whole of it."""
    answer = await client.open(BASE + path, method=method, headers={**OWN, **more.pop("headers", {})}, **more)
    content = await answer.get_json()
    assert answer.status_code == status, content
    assert answer.headers["Content-Type"] == "application/json"
    assert set(content) == ({"data"} if status == 200 else {"error", "code"})
    return answer


async def ask(client: HttpClient, method: str, path: str, status: int = 200, **more: Any) -> Any:
    """Ask likewise, and return what the answer carries: its data, or the words of the error."""
    content = await (await asked(client, method, path, status, **more)).get_json()
    return content["data" if status == 200 else "error"]


async def spawn(client: HttpClient, prompt: str = "work", project: str = "p") -> str:
    """Spawn a session and return its path below the API's."""
    session = await ask(client, "POST", "/sessions", json={"project_id": project, "prompt": prompt})
    return f"/sessions/{session['id']}"
