"""The operations on one session in the dialect of agentapi."""

from ..routes.agentapi import MessageBody
from ..views.agentapi import ConversationView, StatusView, TakenView, UpdateView
from .operation import Answer, Data, Operation, Section, Stream, Taken, Told
from .parameters import MALFORMED, NO_SESSION, session

_AT = "2026-01-02T03:04:07.250000Z"
_SAID = {"id": 1, "role": "user", "content": "And its tests", "time": _AT}
_TOLD = {"id": 1, "role": "user", "message": "And its tests", "time": _AT}
_STATUS = {"status": "running", "agent_type": "claude"}

AGENTAPI = Section(
    "Dialect of agentapi",
    "One session for programs that speak <https://github.com/coder/agentapi>. Refusals are in our own words.",
    (
        Operation(
            method="GET",
            path="/api/v1/sessions/{session}/agentapi/status",
            id="agentapiStatus",
            summary="See whether the agent works",
            parameters=(session,),
            answers=(Answer("Whether it works.", (Data(StatusView, _STATUS, bare=True),)),),
            refusals={400: MALFORMED, 404: NO_SESSION},
        ),
        Operation(
            method="GET",
            path="/api/v1/sessions/{session}/agentapi/messages",
            id="agentapiMessages",
            summary="Read the conversation",
            parameters=(session,),
            answers=(
                Answer("The conversation.", (Data(ConversationView, {"messages": [_SAID]}, bare=True),)),
            ),
            refusals={400: MALFORMED, 404: NO_SESSION},
        ),
        Operation(
            method="POST",
            path="/api/v1/sessions/{session}/agentapi/message",
            id="agentapiMessage",
            summary="Say something in the conversation",
            parameters=(session,),
            timeout=lambda limits: limits.send,
            body=Taken({"user": {"content": "And its tests", "type": "user"}}, MessageBody),
            answers=(Answer("It was sent.", (Data(TakenView, {"ok": True}, bare=True),)),),
            refusals={
                400: "The body, the id or a parameter is wrong, or its type is `raw`.",
                402: "A budget is spent.",
                404: NO_SESSION,
                409: "The agent does not run: restore it first.",
                429: "256 messages wait for the agent already.",
            },
        ),
        Operation(
            method="GET",
            path="/api/v1/sessions/{session}/agentapi/events",
            id="agentapiEvents",
            summary="Follow the conversation",
            words="As it is, and then whatever changes of it. It ends when the session is forgotten, and "
            "when the server shuts down.",
            parameters=(session,),
            answers=(
                Answer(
                    "What changes.",
                    (
                        Stream(
                            (
                                Told(UpdateView, _TOLD, ("message_update",)),
                                Told(StatusView, _STATUS, ("status_change",)),
                            )
                        ),
                    ),
                ),
            ),
            refusals={400: MALFORMED, 404: NO_SESSION},
        ),
    ),
)
