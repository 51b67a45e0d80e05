"""The operations that tell what agents say and what happens, once or as it comes."""

from ..views import EventView, OutputView, ResyncView, WhyView
from .examples import EXAMPLES
from .operation import Answer, Data, Operation, Parameter, Section, Stream, Told
from .parameters import CURSOR, MALFORMED, MOST_NUMBER, NO_SESSION, flag, last_event_id, number, session
from .words import EVENT_TYPE

_after = Parameter(
    "after", "query", CURSOR, "A cursor that came with output; without it, the oldest kept byte.", "t1005"
)
_last_cursor = last_event_id(
    {"type": "string", "pattern": "^[A-Za-z0-9_.~-]*$"}, " It goes before `after`; an empty one is none."
)
_raw = flag("raw", "The bytes as they came, with cursors of their own.")
_NO_CURSOR = "The id or a parameter is malformed, or the cursor is none of this session and this kind."
_IN_STREAMS = "After 15 seconds of silence a comment comes. It ends when the server shuts down"

OUTPUT = Section(
    "Output",
    "What agents say.",
    (
        Operation(
            method="GET",
            path="/api/v1/sessions/{session}/output",
            id="readOutput",
            summary="Read what an agent said",
            words="Readable, across restores. The text can be empty although more is there: go on from its "
            "cursor; only a cursor that stays the same says that there is no more for now.",
            parameters=(
                session,
                _after,
                number(
                    "limit",
                    "At most so many bytes, and never more than 4 MiB.",
                    least=4,
                    most=MOST_NUMBER,
                    default=1 << 20,
                ),
                _raw,
            ),
            answers=(Answer("A piece of it.", (Data(OutputView, EXAMPLES[OutputView]),)),),
            refusals={400: _NO_CURSOR, 404: NO_SESSION},
        ),
        Operation(
            method="GET",
            path="/api/v1/sessions/{session}/output/stream",
            id="followOutput",
            summary="Follow what an agent says",
            words="Begins at the oldest kept byte, or after a cursor, and stays open when the agent ends, "
            f"for that may be restored. {_IN_STREAMS}, or the session is forgotten.",
            parameters=(session, _after, _raw, _last_cursor),
            answers=(
                Answer(
                    "What is said, in pieces of up to 64 KiB. The `id` of each is its cursor.",
                    (Stream((Told(OutputView, EXAMPLES[OutputView]),)),),
                ),
            ),
            refusals={400: _NO_CURSOR, 404: NO_SESSION},
        ),
        Operation(
            method="GET",
            path="/api/v1/sessions/{session}/why",
            id="whySession",
            summary="See what speaks for a session's status and activity",
            parameters=(session,),
            answers=(Answer("What was seen.", (Data(WhyView, EXAMPLES[WhyView]),)),),
            refusals={400: MALFORMED, 404: NO_SESSION},
        ),
    ),
)

EVENTS = Section(
    "Events",
    "What happens to sessions.",
    (
        Operation(
            method="GET",
            path="/api/v1/sessions/{session}/events",
            id="readHistory",
            summary="Read the history of a session",
            words="Oldest first.",
            parameters=(session,),
            answers=(Answer("What happened.", (Data(list[EventView], [EXAMPLES[EventView]]),)),),
            refusals={400: MALFORMED, 404: NO_SESSION},
        ),
        Operation(
            method="GET",
            path="/api/v1/events",
            id="followEvents",
            summary="Follow what happens to all sessions",
            words=f"Begins now, or after an event. {_IN_STREAMS}.",
            parameters=(last_event_id({"type": "string"}),),
            answers=(
                Answer(
                    "What happens. The name of each is its type; `resync` says that a place is lost.",
                    (
                        Stream(
                            (
                                Told(EventView, EXAMPLES[EventView], EVENT_TYPE.all),
                                Told(
                                    ResyncView,
                                    {"reason": "events came faster than they were read"},
                                    ("resync",),
                                    with_id=False,
                                ),
                            )
                        ),
                    ),
                ),
            ),
        ),
    ),
)
