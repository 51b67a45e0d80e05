"""docs/api.md names all that there is: a route, a parameter, a field or a status that it lacks fails here."""

import inspect
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from quart.typing import TestClientProtocol as HttpClient

from ennio.http import errors
from ennio.http.app import SLOWEST_BODY, create_app
from ennio.http.connections import connection
from ennio.http.connections import front as connections
from ennio.http.requests import access, asked, idempotency, strict_json
from ennio.http.requests.bodies import PruneBody, RestoreBody, SendBody, SpawnBody
from ennio.http.routes import sessions
from ennio.http.views import EventView, OutputView, ProjectView, SessionView
from ennio.supervisor import Config, Supervisor, events

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


def table(title: str) -> set[str]:
    """Return what the first columns of a section's tables name."""
    rows = re.findall(r"^\| (.+?) \|", section(title), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row) or [row]}


async def test_every_route_is_documented_and_no_other(supervisor: Supervisor, config: Config) -> None:
    app = create_app(supervisor, config)
    there = {
        f"{method} {re.sub(r'<.*?>', '{id}', rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert table("Routes") - {"Request"} == there


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("A session", SessionView),
        ("History", EventView),
        ("A project", ProjectView),
        ("Output", OutputView),
        ("Spawn", SpawnBody),
        ("Send", SendBody),
        ("Restore", RestoreBody),
        ("Prune", PruneBody),
    ],
)
def test_every_field_is_documented_and_no_other(title: str, kind: type[BaseModel]) -> None:
    parameters = {"after", "limit", "raw", "Parameter"} if title == "Output" else set()
    assert table(title) - {"Field"} - parameters == set(kind.model_fields)


async def test_what_the_system_says_is_documented_and_no_more(client: HttpClient) -> None:
    answer = await (await client.get("/api/v1/system", headers={"Host": "localhost"})).get_json()
    assert table("The system") - {"Field", *CONTAINMENTS} == set(answer["data"])
    (shown,) = examples(section("The system"))
    assert list(shown) == list(answer["data"])
    assert shown["containment"] in CONTAINMENTS


def test_every_type_of_event_is_documented_and_no_other() -> None:
    kinds = [getattr(events, name) for name in events.__all__]
    said = {kind.event_type for kind in kinds if getattr(kind, "public", False)}
    assert table("Types of events") - {"Type"} == said - {""}


def test_every_parameter_is_documented_and_no_other() -> None:
    source = inspect.getsource(sessions)
    read = set(re.findall(r'asked\.(?:parameter|flag|number)\("(\w+)"', source))
    assert (table("List") | table("Output")) - {"Parameter", "Field", *OutputView.model_fields} == read
    assert "`?timeout=SECONDS`" in section("Requests")


@pytest.mark.parametrize("kind", [SessionView, EventView, ProjectView])
def test_the_examples_show_what_is_really_answered(kind: type[BaseModel]) -> None:
    shown = [example for example in examples(TEXT) if list(example) == list(kind.model_fields)]
    assert len(shown) == 1
    kind.model_validate(shown[0])


@pytest.mark.parametrize(
    ("title", "kind"),
    [("Spawn", SpawnBody), ("Send", SendBody), ("Restore", RestoreBody), ("Prune", PruneBody)],
)
def test_the_examples_show_what_is_really_taken(title: str, kind: type[BaseModel]) -> None:
    assert [kind.model_validate(example) for example in examples(section(title))]


def test_every_status_is_documented() -> None:
    raised = {*errors.STATUS.values(), *errors.WORDS, 401, 403, 405, 415, 500}
    assert {int(name) for name in table("Errors") - {"Status"}} == raised


def test_every_header_that_is_read_or_sent_is_documented() -> None:
    for header in (*access.SECURITY, "Idempotency-Key", "Retry-After", "Allow", "WWW-Authenticate"):
        assert header in TEXT
    for header in (*access.ASKED_HEADERS, *access.TOLD_HEADERS):
        assert f"`{header}`" in section("Getting in")
    for path in access.OPEN:
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
