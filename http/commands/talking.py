"""The commands by which agents are told something, answered, and asked why; and what that costs."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ..shapes import Approval, Budget, Message, Why
from .arguments import ApprovalArgument, SessionArgument
from .ask_server import ask, configuration
from .money import dollars
from .tables import as_json, table
from .terminal import Failure, given_text, hint, one_line, say

if TYPE_CHECKING:
    from ..client import Client

talking = typer.Typer()

_MOST_TEXT = 100
"""Characters of a message in a table."""


class Mode(StrEnum):
    """How a message gets to an agent that is busy."""

    QUEUE = "queue"
    STEER = "steer"
    INTERRUPT = "interrupt"


@talking.command()
def send(
    context: typer.Context,
    session_id: SessionArgument,
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="The text; - reads it from the input.")],
    mode: Annotated[
        Mode | None,
        typer.Option("--mode", help="After the present turn (queue, as without it), within it, or instead."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until the agent has taken it up.")] = False,
) -> None:
    """Give an agent a message."""
    text = given_text(message)

    async def question(client: "Client") -> None:
        await client.send(session_id, text, mode=mode and mode.value, wait=wait)

    ask(configuration(context.obj), question, f"sending to {session_id}")
    done = f"{session_id} has taken it up" if wait else f"sent to {session_id}"
    say(as_json("sent") if context.obj.json else done)


@talking.command()
def messages(
    context: typer.Context,
    session_id: SessionArgument,
    message_id: Annotated[
        str | None, typer.Argument(metavar="[MESSAGE]", help="The text of this one, in full.")
    ] = None,
) -> None:
    """List what a session was sent, and how far that came; or print the text of one message."""
    sent = ask(
        configuration(context.obj),
        lambda client: client.messages(session_id),
        f"asking for the messages of {session_id}",
    )
    if message_id is not None:
        one = _one_of(sent, session_id, message_id)
        say(as_json(one) if context.obj.json else one["text"])
    elif context.obj.json:
        say(as_json(sent))
    else:
        say(_messages_table(sent) if sent else f"{session_id} was sent nothing")


@talking.command()
def approvals(
    context: typer.Context,
    session_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Of this session alone.")] = None,
) -> None:
    """List the permissions that agents wait for."""
    waiting = ask(
        configuration(context.obj),
        lambda client: client.approvals(session_id),
        "asking for the approvals",
    )
    if context.obj.json:
        say(as_json(waiting))
    elif waiting:
        say(_approvals_table(waiting))
        hint("`ennio approve ID APPROVAL` allows one, `ennio deny ID APPROVAL` denies it")
    else:
        say("no agent waits for a permission" if session_id is None else f"{session_id} waits for none")


@talking.command()
def approve(context: typer.Context, session_id: SessionArgument, approval: ApprovalArgument) -> None:
    """Allow what an agent asks for."""
    _decide(context, session_id, approval, allow=True)


@talking.command()
def deny(context: typer.Context, session_id: SessionArgument, approval: ApprovalArgument) -> None:
    """Deny what an agent asks for."""
    _decide(context, session_id, approval, allow=False)


@talking.command()
def budgets(context: typer.Context) -> None:
    """List the budgets, and what is left of them."""
    standing = ask(configuration(context.obj), lambda client: client.budgets(), "asking for the budgets")
    if context.obj.json:
        say(as_json(standing))
    elif standing:
        say(_budgets_table(standing))
    else:
        say("no budget is configured")


@talking.command()
def why(context: typer.Context, session_id: SessionArgument) -> None:
    """Say what speaks for a session's status and activity."""
    reasons = ask(
        configuration(context.obj), lambda client: client.why(session_id), f"asking for {session_id}"
    )
    say(as_json(reasons) if context.obj.json else _reasons(reasons))


def _decide(context: typer.Context, session_id: str, approval: str, *, allow: bool) -> None:
    ask(
        configuration(context.obj),
        lambda client: client.decide(session_id, approval, allow=allow),
        f"answering {approval} of {session_id}",
    )
    word = "allowed" if allow else "denied"
    say(as_json(word) if context.obj.json else f"{word} {approval} of {session_id}")


def _one_of(sent: list[Message], session_id: str, message_id: str) -> Message:
    for each in sent:
        if each["id"] == message_id:
            return each
    there = f"`ennio messages {session_id}` lists what it was sent"
    raise Failure(one_line(f"{session_id} was sent no message {message_id}; {there}"))


def _messages_table(sent: list[Message]) -> str:
    rows = [
        (each["id"], each["state"], each["mode"], each["created_at"], each["reason"] or "-", _short(each))
        for each in sent
    ]
    return table(("MESSAGE", "STATE", "MODE", "SENT", "REASON", "TEXT"), rows)


def _short(message: Message) -> str:
    text = one_line(message["text"])
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"


def _approvals_table(waiting: list[Approval]) -> str:
    rows = [
        (each["session_id"], each["id"], each["tool"], each["deadline"], each["summary"]) for each in waiting
    ]
    return table(("ID", "APPROVAL", "TOOL", "DENIED AFTER", "WHAT"), rows)


def _budgets_table(standing: list[Budget]) -> str:
    def amount(text: str | None) -> str:
        return "-" if text is None else dollars(text)

    rows = [
        (
            each["project_id"] or each["scope"],
            each["period"],
            *map(amount, (each["limit_usd"], each["spent_usd"], each["remaining_usd"], each["held_usd"])),
            each["period_end"] or "-",
        )
        for each in standing
    ]
    return table(("OF", "PERIOD", "LIMIT USD", "SPENT", "REMAINING", "HELD", "ANEW AT"), rows)


def _reasons(reasons: Why) -> str:
    def because(word: str | None, reason: str | None) -> str:
        return one_line(f"{word or 'not known'}: {reason}" if reason else word or "not known")

    lines = [
        f"status    {because(reasons['status'], reasons['status_reason'])}",
        f"activity  {because(reasons['activity'], reasons['activity_reason'])}",
    ]
    seen = [f"  {one_line(each['at'])}  {one_line(each['what'])}" for each in reasons["evidence"]]
    return "\n".join([*lines, "", "what was seen:", *seen] if seen else lines)
