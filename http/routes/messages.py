"""Messages to agents over HTTP."""

import json

from quart import Blueprint, Response, request

from ennio.supervisor import Config, Invalid, Letter, Mode, SessionId, Supervisor

from ..requests import asked
from ..requests.bodies import SendBody, fingerprint, read_as
from ..requests.existing import must_exist
from ..requests.idempotency import GivenAnswers
from ..requests.narrow import owned
from ..requests.strict_json import parse
from ..responses import data, views
from ..views import MessageView


def messages(supervisor: Supervisor, config: Config, given: GivenAnswers) -> Blueprint:
    """Return the routes by which agents are told something."""
    routes = Blueprint("messages", __name__, url_prefix="/api/v1/sessions/<session>")

    @routes.post("/send")
    async def send(session: str) -> Response:
        must_exist(supervisor, session)
        content = await asked.body()
        session_id = SessionId.parse(session)
        wanted, seconds = read_as(SendBody, parse(content)), asked.timeout(config.timeouts.send)
        letter, accepted = Letter(wanted.message, Mode(wanted.mode)), _waits_for_acceptance()

        async def act() -> bytes:
            sent = await supervisor.send(session_id, letter, accepted=accepted, seconds=seconds)
            return json.dumps(sent.id).encode()

        async def see_it_through() -> bytes:
            return json.dumps((await letter.reply.take()).id).encode()

        key, left = asked.idempotency_key(), (lambda: letter.settled, see_it_through)
        answer = await given.once(owned(request.path), key, fingerprint(wanted), seconds, act, *left)
        response = data("sent")
        response.headers["Ennio-Message-Id"] = json.loads(answer)
        return response

    @routes.get("/messages")
    async def list_messages(session: str) -> Response:
        return views(map(MessageView.of, await supervisor.messages(SessionId.parse(session))))

    return routes


def _waits_for_acceptance() -> bool:
    """Return whether the answer is to come when the agent took the message up."""
    wait = asked.parameter("wait")
    if wait not in {None, "accepted"}:
        raise Invalid("the parameter wait takes `accepted`, or is left out")
    return wait == "accepted"
