"""The operations on sessions: from spawning one to restoring it."""

from typing import Literal

from ..requests.bodies import RestoreBody, SpawnBody
from ..views import SessionView
from .examples import EXAMPLES, PROJECT
from .operation import Answer, Data, Operation, Parameter, Section, Taken
from .parameters import MALFORMED, MOST_NUMBER, NO_SESSION, flag, idempotency_key, number, session
from .parameters import project as project_in_path

_of_project = Parameter(
    "project_id", "query", project_in_path.schema, "Of this project alone.", project_in_path.example
)
_after = Parameter(
    "after", "query", session.schema, "Those that come after this session in the list.", session.example
)

_one = Data(SessionView, EXAMPLES[SessionView])
_SPENT = "A budget is spent: the words say which, its limit, and what was spent."

SESSIONS = Section(
    "Sessions",
    "A session is one agent at work, in a workspace and on a branch of its own.",
    (
        Operation(
            method="GET",
            path="/api/v1/sessions",
            id="listSessions",
            summary="List sessions",
            words="Newest first: those that have not ended, and with `all` the others too.",
            parameters=(
                _of_project,
                flag("all", "The ended ones too."),
                number("limit", "At most so many.", least=1, most=MOST_NUMBER),
                _after,
            ),
            answers=(Answer("The sessions.", (Data(list[SessionView], [EXAMPLES[SessionView]]),)),),
            refusals={400: MALFORMED, 404: "Nobody knows the project, or the session in `after`."},
        ),
        Operation(
            method="POST",
            path="/api/v1/sessions",
            id="spawnSession",
            summary="Spawn a session",
            words="Makes a workspace and starts an agent in it. All or nothing: after an error, and when the "
            "caller hangs up, there is no process, no workspace, no new branch and no session.",
            parameters=(idempotency_key,),
            timeout=lambda limits: limits.spawn,
            body=Taken(
                {
                    "prompt": {
                        "project_id": PROJECT,
                        "prompt": "Fix the login page",
                        "branch": "fix/login",
                        "role": "implementer",
                    },
                    "issue": {"project_id": PROJECT, "issue_id": "42"},
                },
                SpawnBody,
            ),
            answers=(
                Answer(
                    "The new session.",
                    (_one,),
                    links=("getSession", "sendMessage", "readOutput", "readHistory", "killSession"),
                ),
            ),
            refusals={
                400: "The body or a parameter is wrong, the agent's program is missing, the project has no "
                "tracker, what was given is no issue of it, or a `post_create` command failed: then its own "
                "words are passed on.",
                402: _SPENT,
                404: "Nobody knows the project, or the issue.",
                409: "The branch is checked out somewhere or collides with another, the session was killed "
                "meanwhile, or the Idempotency-Key was used with another body.",
                429: "The project has its `max_sessions`.",
                502: "The tracker failed.",
            },
        ),
        Operation(
            method="GET",
            path="/api/v1/sessions/{session}",
            id="getSession",
            summary="Get a session",
            words="Ended ones too.",
            parameters=(session,),
            answers=(Answer("The session.", (_one,)),),
            refusals={400: MALFORMED, 404: NO_SESSION},
        ),
        Operation(
            method="DELETE",
            path="/api/v1/sessions/{session}",
            id="killSession",
            summary="Kill a session",
            words="Ends whatever its agent started. It can be repeated. A workspace without uncommitted work "
            "is removed, one with such work stays. The branch stays, unless the spawn made it and it has no "
            "commit of its own. The time limit bounds the waiting, not the kill.",
            parameters=(session,),
            timeout=lambda limits: limits.kill,
            answers=(
                Answer("Nothing that the agent started is running.", (Data(Literal["killed"], "killed"),)),
            ),
            refusals={
                400: MALFORMED,
                404: NO_SESSION,
                504: "Something could not be ended in time: the words name each process that is left, and "
                "the server goes on trying.",
            },
        ),
        Operation(
            method="POST",
            path="/api/v1/sessions/{session}/restore",
            id="restoreSession",
            summary="Restore a session",
            words="Starts the agent of an Exited or Done session again in its workspace; it goes on with its "
            "own conversation where it can. The first prompt is not sent again. The body may be empty, and "
            "then needs no content type.",
            parameters=(session,),
            timeout=lambda limits: limits.spawn,
            body=Taken({"prompt": {"prompt": "Go on where you were"}}, RestoreBody, optional=True),
            answers=(Answer("The session.", (_one,)),),
            refusals={
                400: "The body, the id or a parameter is wrong, or the agent's program is missing.",
                402: _SPENT,
                404: NO_SESSION,
                409: "Its agent runs, it was killed or merged, or its workspace is gone.",
            },
        ),
    ),
)
