"""The description of the API is of what there is, all of it, and says nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from ennio.http import errors, routes
from ennio.http.app import create_app
from ennio.http.description import SECTIONS, Operation, document
from ennio.http.description.examples import EXAMPLES
from ennio.http.description.fields import MEANINGS
from ennio.http.description.introduction import INTRODUCTION
from ennio.http.description.operation import Data, Stream
from ennio.http.description.refusals import HEADERS, NAMES, ORDER
from ennio.http.description.words import ACTIVITY, EVENT_TYPE, SPOKEN, STATUS
from ennio.http.requests import access
from ennio.http.requests.bodies import Body, SendBody, SpawnBody
from ennio.http.routes.description import DOCS
from ennio.http.routes.page import PATHS
from ennio.http.views import NotifierView, PrunedView
from ennio.supervisor import Activity, Config, Supervisor, Timeouts, events
from ennio.supervisor.review import RULES

LIMITS = Timeouts(spawn=60, send=10, kill=15, kill_grace=5)
DOCUMENT = document(SECTIONS, LIMITS)
OPERATIONS = [operation for section in SECTIONS for operation in section.operations]
HERE = {"Host": "localhost"}
ROOT = Path(__file__).parents[2]
CONTRACT = (403, 503, 401, 404, 405, 413, 415, 400, 402, 429, 409)

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)


def written(operation: Operation) -> Any:
    return DOCUMENT["paths"][operation.path][operation.method.lower()]


def place(rule: str) -> str:
    """Return a rule of the router as a path of the description."""
    return re.sub(r"^/(page|docs)/.+", r"/\1/{file}", re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule))


async def test_every_route_is_described_and_no_other(supervisor: Supervisor, config: Config) -> None:
    rules = list(create_app(supervisor, config).url_map.iter_rules())
    there = {
        (method, place(rule.rule))
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.websocket
    }
    assert {(one.method, one.path) for one in OPERATIONS} == there
    assert len(OPERATIONS) == len(there)
    for rule in rules:
        if rule.websocket:
            assert f"`GET {place(rule.rule)}` is a WebSocket" in INTRODUCTION


def test_it_is_openapi() -> None:
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_its_schemas_are_schemas_and_its_examples_keep_to_them() -> None:
    for schema, shown in shown_by(DOCUMENT):
        rooted = {**schema, "components": DOCUMENT["components"]}
        jsonschema_rs.meta.validate(schema)
        for one in shown:
            jsonschema_rs.validator_for(rooted).validate(one)


def shown_by(part: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Yield each schema below a part of the document, with all that is shown as an example of it."""
    if isinstance(part, dict):
        schema = part.get("schema")
        if isinstance(schema, dict) and "in" not in schema:
            named = [one["value"] for one in (part.get("examples") or {}).values()]
            yield schema, [*named, *([part["example"]] if "example" in part else [])]
            yield schema, schema.get("examples", [])
        for inner in part.values():
            yield from shown_by(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from shown_by(inner)


def test_every_reference_leads_somewhere_and_nothing_is_left_over() -> None:
    text = json.dumps({**DOCUMENT, "components": {}})
    found, seen = set(re.findall(r"#/components/schemas/(\w+)", text)), set[str]()
    while new := found - seen:
        seen |= new
        inner = json.dumps([DOCUMENT["components"]["schemas"][name] for name in new])
        found |= set(re.findall(r"#/components/schemas/(\w+)", inner))
    assert seen == set(DOCUMENT["components"]["schemas"])


def test_operations_have_names_of_their_own_and_links_lead_to_them() -> None:
    names = [one.id for one in OPERATIONS]
    assert len(names) == len(set(names))
    assert {link for one in OPERATIONS for answer in one.answers for link in answer.links} <= set(names)
    assert [tag["name"] for tag in DOCUMENT["tags"]] == [section.tag for section in SECTIONS]


@each_operation
def test_the_path_holds_what_it_asks_for(operation: Operation) -> None:
    asked = {each.name for each in operation.parameters if each.place == "path"}
    assert set(re.findall(r"{(\w+)}", operation.path)) == asked
    assert all(each.required and each.example for each in operation.parameters if each.place == "path")


@each_operation
def test_the_token_is_asked_for_wherever_the_gate_asks(operation: Operation) -> None:
    free = access.OPEN | access.SIGNED | {place(path) for path in PATHS | DOCS}
    assert operation.free == (operation.path in free)
    assert operation.any_host == (operation.path in access.OPEN)
    assert written(operation).get("security", DOCUMENT["security"]) == (
        [] if operation.free else [{"token": []}]
    )


@each_operation
def test_refusals_stand_in_the_order_in_which_they_are_found(operation: Operation) -> None:
    told = [int(status) for status in written(operation)["responses"] if int(status) >= 400]
    in_order = [status for status in ORDER if status in told]
    assert [status for status in told if status in ORDER] == in_order
    assert 500 in told
    for status in set(told) & set(HEADERS):
        if not (status == 401 and operation.unchallenged):
            there = set(written(operation)["responses"][str(status)]["headers"])
            assert there == {header.name for header in HEADERS[status]}


def test_every_status_that_is_refused_with_is_known() -> None:
    assert ORDER[: len(CONTRACT)] == CONTRACT
    assert {*errors.STATUS.values(), *errors.WORDS, 401, 403, 405, 415, 500} == set(ORDER) == set(NAMES)


@each_operation
def test_the_models_say_what_each_field_is_and_of_no_other(operation: Operation) -> None:
    for kind in models(operation):
        assert set(MEANINGS[kind]) == set(kind.model_fields)
        told = DOCUMENT["components"]["schemas"][kind.__name__]["properties"]
        assert all(field["description"] for field in told.values())


def models(operation: Operation) -> Iterator[type[BaseModel]]:
    """Yield the models that an operation takes and answers, those within others too."""
    kinds: list[Any] = [operation.body.kind] if operation.body else []
    for content in (content for answer in operation.answers for content in answer.contents):
        kinds += [content.kind] if isinstance(content, Data) else []
        kinds += [told.kind for told in content.events] if isinstance(content, Stream) else []
    while kinds:
        kind = kinds.pop()
        kinds += get_args(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield kind
            kinds += [field.annotation for field in kind.model_fields.values()]


def test_the_examples_are_those_of_the_documentation() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    told = [*blocks, *(block["data"] for block in blocks if "data" in block)]
    for kind, shown in EXAMPLES.items():
        assert json.loads(kind.model_validate(shown).model_dump_json()) == shown
        assert shown in told or kind in {NotifierView, PrunedView}


def test_states_and_kinds_are_those_that_there_are() -> None:
    public = {
        kind.event_type for kind in map(events.__dict__.get, events.__all__) if getattr(kind, "public", 0)
    }
    assert set(EVENT_TYPE.all) == public - {""}
    assert list(ACTIVITY.all) == list(Activity)
    assert {"Spawning", "Working", "Exited", "Killed", *(stage for stage, _ in RULES)} == set(STATUS.all)
    for kind, fields in SPOKEN.items():
        assert set(fields) <= set(kind.model_fields)


def test_every_parameter_and_header_that_a_route_reads_is_described_and_no_other() -> None:
    folder = Path(routes.__path__[0])
    source = "\n".join(file.read_text() for file in folder.glob("*.py"))
    read = set(re.findall(r'asked\.(?:parameter|flag|number)\("(\w+)"', source))
    read |= {"timeout"} if "asked.timeout(" in source else set()
    told = [each for one in OPERATIONS for each in written(one).get("parameters", [])]
    assert {each["name"] for each in told if each["in"] == "query"} == read
    headers = {each["name"] for each in told if each["in"] == "header"}
    assert set(access.ASKED_HEADERS) - {"Authorization", "Content-Type"} <= headers
    answered = {
        name
        for one in OPERATIONS
        for told in written(one)["responses"].values()
        for name in told.get("headers", {})
    }
    assert set(access.TOLD_HEADERS) <= answered


@each_operation
def test_a_time_limit_is_described_with_what_is_configured(operation: Operation) -> None:
    told = [each for each in written(operation).get("parameters", []) if each["name"] == "timeout"]
    assert [each["schema"]["maximum"] for each in told] == (
        [operation.timeout(LIMITS)] if operation.timeout else []
    )


TEXTS = st.text(
    st.characters(max_codepoint=0x24F, exclude_categories=["Cs"]) | st.sampled_from("  ./@{}-\\~^:?*[")
)


@given(text=TEXTS)
@example(text="\0")
@example(text=" \x1c\x85\u2003")
@example(text="\ufefft")
def test_what_is_said_of_a_text_is_what_is_taken(text: str) -> None:
    assert agree(SendBody, {"message": text})
    assert agree(SpawnBody, {"project_id": "p", "prompt": "x", "role": text})
    assert agree(SpawnBody, {"project_id": "p", "issue_id": text})
    assert agree(SpawnBody, {"project_id": text, "prompt": "x"})


@given(text=TEXTS | st.from_regex(r"[a-z./@{\-]{1,8}(\.lock|/|\.\.|HEAD)?[a-z./]{0,3}", fullmatch=True))
@example(text="@")
@example(text="HEAD")
@example(text="refs/x")
@example(text="a.lock/b")
@example(text="a" * 201)
@example(text="\xa0")
def test_what_is_said_of_a_branch_is_what_is_taken(text: str) -> None:
    if len(text) == len(text.encode()):  # the most is counted in bytes, which a schema cannot
        assert agree(SpawnBody, {"project_id": "p", "prompt": "x", "branch": text})


def test_what_is_needed_and_what_may_be_there_is_said() -> None:
    for body in ({"project_id": "p"}, {"project_id": "p", "prompt": "x", "more": 1}, {"prompt": "x"}):
        assert agree(SpawnBody, body)
    assert agree(SpawnBody, {"project_id": "p", "prompt": None})


def agree(kind: type[Body], body: dict[str, Any]) -> bool:
    """Tell whether a body is right by its schema and by its model alike."""
    schema = DOCUMENT["components"]["schemas"][kind.__name__]
    said = jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]}).is_valid(body)
    try:
        kind.model_validate(body)
    except ValidationError:
        return not said
    return bool(said)
