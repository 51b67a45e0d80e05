"""docs/api.md names all that there is: a route, a parameter, a field or a status that it lacks fails here."""

import inspect
import json
import re
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from quart.typing import TestClientProtocol as HttpClient

from ennio.http import errors
from ennio.http.app import SLOWEST_BODY, create_app
from ennio.http.connections import connection
from ennio.http.connections import front as connections
from ennio.http.requests import access, asked, idempotency, strict_json
from ennio.http.requests.bodies import (
    Body,
    DecisionBody,
    LoginBody,
    PruneBody,
    RestoreBody,
    SendBody,
    SpawnBody,
)
from ennio.http.routes import budgets, messages, projects, sessions, streams
from ennio.http.views import (
    ApprovalView,
    BudgetView,
    EventView,
    IssueView,
    MessageView,
    OutputView,
    ProjectView,
    PullView,
    SessionView,
    SpendView,
    WhyView,
)
from ennio.supervisor import (
    Activity,
    Config,
    Phase,
    ProjectId,
    SessionId,
    SessionRecord,
    Supervisor,
    events,
    status,
)
from ennio.supervisor.records import Handle, MessageState, Pull, PullState, Tree
from ennio.supervisor.review import RULES

CONTAINMENTS = {"cgroup+shim", "shim+marker", "best-effort"}

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def section(title: str) -> str:
    """Return a section without those below it."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found, f"there is no section {title!r}"
    return found[1]


def examples(text: str) -> list[Any]:
    """Return the JSON of a text's examples."""
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def table(title: str, header: str) -> set[str]:
    """Return what the first column of those of a section's tables names that has this header."""
    tables = re.findall(rf"^\| {header} \|.*\n\|[-|]+\n((?:\|.*\n)+)", section(title), re.MULTILINE)
    rows = re.findall(r"^\| (.+?) \|", "".join(tables), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row) or [row]}


BODIES: dict[str, type[Body]] = {
    "Spawn": SpawnBody,
    "Send": SendBody,
    "Decide": DecisionBody,
    "Restore": RestoreBody,
    "Prune": PruneBody,
}
VIEWS: dict[str, type[BaseModel]] = {
    "A session": SessionView,
    "Messages": MessageView,
    "Approvals": ApprovalView,
    "Why": WhyView,
    "History": EventView,
    "Budgets": BudgetView,
    "A project": ProjectView,
    "Issues": IssueView,
    "Spend": SpendView,
}
MORE: dict[str, type[BaseModel]] = {"Output": OutputView, "A pull request": PullView, "Login": LoginBody}

AT = datetime(2026, 1, 2, tzinfo=UTC)
SAMPLES: dict[str, Any] = {
    "pull": Pull(12, "https://host/12", "Fix", PullState.OPEN, draft=False, head="c0ffee", head_since=AT),
    "tree": Tree("/trees/x", "fix", "c0ffee", branch_made=True),
    "handle": Handle(pid=4242, start=1, boot_id="boot", incarnation=1),
    "activity": Activity.IDLE,
    "until": AT,
    "deadline": AT,
    "approvals": (),
}
"""What events are about; whatever else they have is text, as far as their data goes."""


async def test_every_route_is_documented_and_no_other(supervisor: Supervisor, config: Config) -> None:
    app = create_app(supervisor, config)
    there = {
        f"{method} {re.sub(r'(?<=^/(page|docs)/).*', '{file}', re.sub(r'<.*?>', '{id}', rule.rule))}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert table("Routes", "Request") == there


@pytest.mark.parametrize(("title", "kind"), [*VIEWS.items(), *BODIES.items(), *MORE.items()])
def test_every_field_is_documented_and_no_other(title: str, kind: type[BaseModel]) -> None:
    assert table(title, "Field") == set(kind.model_fields)


def test_every_word_for_a_state_is_documented_and_no_other() -> None:
    assert table("Activity", "Word") == set(Activity)
    assert table("States of a message", "State") == set(MessageState)
    born = SessionRecord(SessionId("p-1"), ProjectId("p"), "demo", AT)
    of_sessions = {status(replace(born, phase=phase)) for phase in Phase}
    assert table("Status", "Word") == {*of_sessions, *(stage for stage, _ in RULES)}
    for mode in get_args(SendBody.model_fields["mode"].annotation):
        assert f"`{mode}`" in section("Send")


async def test_what_the_system_says_is_documented_and_no_more(client: HttpClient) -> None:
    answer = await (await client.get("/api/v1/system", headers={"Host": "localhost"})).get_json()
    assert table("The system", "Field") == set(answer["data"])
    (shown,) = examples(section("The system"))
    assert list(shown) == list(answer["data"])
    assert shown["containment"] in CONTAINMENTS


def test_every_type_of_event_is_documented_and_no_other() -> None:
    kinds = [getattr(events, name) for name in events.__all__]
    said = {kind.event_type for kind in kinds if getattr(kind, "public", False)}
    assert table("Types of events", "Type") == said - {""}


def test_the_statuses_of_a_pull_request_stand_in_the_order_in_which_they_are_looked_for() -> None:
    words = re.findall(r"^\| `(\w+)` \|", section("Status"), re.MULTILINE)
    assert [word for word in words if word in {*(stage for stage, _ in RULES)}] == [s for s, _ in RULES]


def test_the_data_of_every_event_is_documented_and_no_more() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", section("Types of events"), re.MULTILINE)
    said = {name: set(re.findall(r"`([^`]+)`", cell)) for name, cell in rows}
    there: dict[str, set[str]] = {}
    for kind in (getattr(events, name) for name in events.__all__):
        if getattr(kind, "public", False) and kind.event_type:
            there.setdefault(kind.event_type, set()).update(_sample(kind).data())
    assert said == there


def _sample(kind: type[events.Event]) -> events.Event:
    needed = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    return kind(**{name: SAMPLES.get(name, "x") for name in needed})


@pytest.mark.parametrize(
    ("routes", "titles"),
    [
        (sessions, ["List", "Output"]),
        (messages, ["Send"]),
        (projects, ["Issues"]),
        (budgets, ["Spend"]),
        (streams, ["Output as it comes"]),
    ],
)
def test_every_parameter_is_documented_and_no_other(routes: ModuleType, titles: list[str]) -> None:
    read = set(re.findall(r'asked\.(?:parameter|flag|number)\("(\w+)"', inspect.getsource(routes)))
    assert set[str]().union(*(table(title, "Parameter") for title in titles)) == read
    assert "`?timeout=SECONDS`" in section("Requests")


@pytest.mark.parametrize(("title", "kind"), VIEWS.items())
def test_the_examples_show_what_is_really_answered(title: str, kind: type[BaseModel]) -> None:
    (shown,) = examples(section(title))
    assert list(shown) == list(kind.model_fields)
    assert json.loads(kind.model_validate(shown).model_dump_json()) == shown


@pytest.mark.parametrize(("title", "kind"), BODIES.items())
def test_the_examples_show_what_is_really_taken(title: str, kind: type[BaseModel]) -> None:
    assert [kind.model_validate(example) for example in examples(section(title))]


def test_every_status_is_documented() -> None:
    raised = {*errors.STATUS.values(), *errors.WORDS, 401, 403, 405, 415, 500}
    assert {int(name) for name in table("Errors", "Status")} == raised


def test_every_header_that_is_read_or_sent_is_documented() -> None:
    answered = ("Ennio-Message-Id", "Retry-After", "Allow", "WWW-Authenticate")
    for header in (*access.SECURITY, "Idempotency-Key", *answered):
        assert header in TEXT
    for header in (*access.ASKED_HEADERS, *access.TOLD_HEADERS):
        assert f"`{header}`" in section("Getting in")
    for path in access.OPEN | access.SIGNED:
        assert f"`{path}`" in section("Getting in")


def test_every_bound_is_documented_as_it_is() -> None:
    text = " ".join(TEXT.split())
    assert asked.LARGEST_BODY == 1 << 20
    assert f"nesting deeper than {strict_json.DEEPEST} levels" in text
    assert f"within {SLOWEST_BODY} seconds" in text
    assert f"within {idempotency.KEPT / timedelta(hours=1):g} hours" in text
    assert f"after {connection.SILENCE:g} seconds without" in text
    assert f"longer than {connection.WRITE:g} seconds to accept" in text
    assert f"Up to {connections.MOST:,} are held" in text
