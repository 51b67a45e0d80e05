"""Whatever an event or a record holds comes back as it was."""

import enum
import math
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor import events
from ennio.supervisor.events import ActivityChanged, Event, SessionWorking
from ennio.supervisor.events.talking import Private
from ennio.supervisor.ids import Id, ProjectId, SessionId
from ennio.supervisor.records import Activity, Answer, Handle, SessionRecord, Tree
from ennio.supervisor.stores.codec import UNREADABLE, event_classes, read, written

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
"""NUL and lone surrogates too, as in the name of a file."""
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: ANY_TEXT,
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    bytes: st.binary(max_size=20),
    datetime: st.datetimes(timezones=st.just(UTC)),
    NoneType: st.none(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    Any: st.one_of(ANY_TEXT, st.integers(), st.booleans(), st.none()),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Whatever a field of this type may hold."""
    if kind in SCALARS:
        return SCALARS[kind]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and issubclass(kind, Id):
        return st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True).map(kind)
    return dataclasses(kind) if is_dataclass(kind) else generics(kind)


def generics(kind: Any) -> st.SearchStrategy[Any]:
    inner = get_args(kind)
    if get_origin(kind) is tuple:
        return st.lists(values(inner[0]), max_size=3).map(tuple)
    if get_origin(kind) is dict:
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=3)
    return st.one_of(*map(values, inner))


def dataclasses(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: values(hints[field.name]) for field in fields(kind)})


KINDS = {name: kind for name, kind in event_classes().items() if kind.__module__.startswith(events.__name__)}


def test_every_class_of_events_is_found_by_its_name() -> None:
    here = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)]

    assert set(KINDS.values()) == {*here, Private} - {Event}
    assert len(KINDS) > 10


@pytest.mark.parametrize("kind", [*KINDS.values(), SessionRecord, Answer, Tree, Handle])
@given(data=st.data())
def test_what_is_written_is_read_again(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(dataclasses(kind))
    text = written(value)
    back = read(kind, text)

    assert text.isascii()
    assert back == value
    assert type(back) is kind


def test_what_is_read_has_the_types_that_it_had() -> None:
    tree = Tree("/w", "main", "c0ffee", branch_made=True, baseline={"a\udcff": "1"})
    record = SessionRecord(
        SessionId("s-1"), ProjectId("p"), "demo", datetime.now(UTC), tree=tree, activity=Activity.IDLE,
        restarts=(datetime.now(UTC),),
    )  # fmt: skip
    back = read(SessionRecord, written(record))

    assert type(back.id) is SessionId
    assert type(back.project_id) is ProjectId
    assert back.activity is Activity.IDLE
    assert type(back.tree) is Tree
    assert type(back.restarts) is tuple


def test_a_time_elsewhere_is_the_same_moment() -> None:
    there = datetime(2030, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    event = ActivityChanged(
        session_id=SessionId("s"), project_id=ProjectId("p"), activity=Activity.READY, timestamp=there
    )
    assert read(ActivityChanged, written(event)).timestamp == there


def test_a_field_that_was_not_there_yet_has_its_default_and_one_that_is_no_more_is_left_out() -> None:
    made = '"id": "s-1", "project_id": "p", "agent_name": "demo", "created_at": "2030-01-02T03:04:05+00:00"'
    record = read(SessionRecord, f'{{{made}, "former": [1, {{}}]}}')

    assert record == SessionRecord(
        SessionId("s-1"), ProjectId("p"), "demo", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    )
    with_defaults = [field for field in fields(SessionRecord) if field.default is not MISSING]
    assert [getattr(record, field.name) for field in with_defaults] == [f.default for f in with_defaults]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", "null", "{}", '{"activity": "Asleep"}', '{"timestamp": 5}', '{"tree": 1}']
)
def test_a_text_that_is_nothing_of_the_kind_is_one_of_few_errors(text: str) -> None:
    for kind in (ActivityChanged, SessionWorking):
        with pytest.raises(UNREADABLE):
            read(kind, text)


def test_a_field_without_a_form_is_an_error_and_not_something_else() -> None:
    @dataclass(frozen=True)
    class Strange:
        field: set[int] | complex

    with pytest.raises(TypeError, match="no form in the database"):
        written(Strange({1}))
    with pytest.raises(TypeError, match="no form in the database"):
        read(Strange, '{"field": 1}')


def test_no_number_is_not_nothing() -> None:
    @dataclass(frozen=True)
    class Number:
        field: float

    assert math.isnan(read(Number, written(Number(math.nan))).field)
    assert read(Number, written(Number(-math.inf))).field == -math.inf
