"""The operations by which agents are told something, and by which they get permissions."""

from typing import Literal

from ..requests.bodies import DecisionBody, SendBody
from ..views import ApprovalView, MessageView
from .examples import EXAMPLES
from .operation import Answer, Data, Header, Operation, Parameter, Section, Taken
from .parameters import MALFORMED, NO_SESSION, approval, idempotency_key, session

_wait = Parameter(
    "wait",
    "query",
    {"type": "string", "enum": ["accepted"]},
    "Answer only when the agent has taken the message up; of an agent with plain lines, when it was written.",
)
_message_id = Header("Ennio-Message-Id", "The message's id among the messages of the session.")
_approvals = Data(list[ApprovalView], [EXAMPLES[ApprovalView]])

MESSAGES = Section(
    "Messages",
    "What agents are told, whole, in order, and once.",
    (
        Operation(
            method="POST",
            path="/api/v1/sessions/{session}/send",
            id="sendMessage",
            summary="Send a message",
            words="With an agent that has turns, `sent` means stored: it is given to the agent when that is "
            "ready. With one that speaks plain lines it means written to the agent.",
            parameters=(session, _wait, idempotency_key),
            timeout=lambda limits: limits.send,
            body=Taken({"message": {"message": "And its tests", "mode": "queue"}}, SendBody),
            answers=(Answer("It was sent.", (Data(Literal["sent"], "sent"),), headers=(_message_id,)),),
            refusals={
                400: "The body, the id or a parameter is wrong, or this agent knows no such mode.",
                402: "A budget is spent: the words say which, its limit, and what was spent.",
                404: NO_SESSION,
                409: "The agent does not run: restore it first. Or, with `wait`, the message has failed; or "
                "the Idempotency-Key was used with another body.",
                429: "256 messages wait for the agent already.",
                504: "The time was up: the words say whether the message was withdrawn.",
            },
        ),
        Operation(
            method="GET",
            path="/api/v1/sessions/{session}/messages",
            id="listMessages",
            summary="List what a session was sent",
            words="Oldest first; the first is its prompt.",
            parameters=(session,),
            answers=(Answer("The messages.", (Data(list[MessageView], [EXAMPLES[MessageView]]),)),),
            refusals={400: MALFORMED, 404: NO_SESSION},
        ),
    ),
)

APPROVALS = Section(
    "Approvals",
    "Permissions that agents ask for.",
    (
        Operation(
            method="GET",
            path="/api/v1/approvals",
            id="listAllApprovals",
            summary="List the permissions that all agents wait for",
            answers=(Answer("The permissions.", (_approvals,)),),
        ),
        Operation(
            method="GET",
            path="/api/v1/sessions/{session}/approvals",
            id="listApprovals",
            summary="List the permissions that one agent waits for",
            parameters=(session,),
            answers=(Answer("The permissions.", (_approvals,)),),
            refusals={400: MALFORMED, 404: NO_SESSION},
        ),
        Operation(
            method="POST",
            path="/api/v1/sessions/{session}/approvals/{approval_id}",
            id="decideApproval",
            summary="Allow or deny a permission",
            parameters=(session, approval),
            timeout=lambda limits: limits.send,
            body=Taken({"allow": {"decision": "allow"}, "deny": {"decision": "deny"}}, DecisionBody),
            answers=(Answer("The agent has been told.", (Data(Literal["allowed", "denied"], "allowed"),)),),
            refusals={
                400: "The body, an id or a parameter is wrong.",
                404: "There is no such session, or it does not wait for this: it was answered, its deadline "
                "is over, or the agent has withdrawn it.",
                409: "It is just being answered by somebody else, or the agent has ended meanwhile.",
            },
        ),
    ),
)
