import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.errors import Invalid
from ennio.supervisor.ids import Id, ProjectId, SessionId, event_id

SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.text(SAFE, min_size=1, max_size=64))
def test_what_is_safe_everywhere_is_an_id(text: str) -> None:
    assert SessionId.parse(text) == text


@given(st.text().filter(lambda text: not 1 <= len(text) <= 64 or set(text) - set(SAFE)))
def test_everything_else_is_refused_in_printable_ascii(text: str) -> None:
    with pytest.raises(Invalid) as raised:
        ProjectId.parse(text)
    assert str(raised.value).isascii()
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("text", ["", "..", "a/b", "a\n", "a\x00", "é", "a" * 65, "a b", "%2e"])
def test_traps_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Id.parse(text)


def test_a_fresh_session_id_is_its_prefix_and_eight_random_characters() -> None:
    ids = {SessionId.fresh("myapp") for _ in range(1000)}
    assert len(ids) == 1000
    for one in ids:
        prefix, _, noise = SessionId.parse(one).rpartition("-")
        assert prefix == "myapp"
        assert len(noise) == 8
        assert noise.isalnum()
        assert noise.islower() or noise.isdigit()


def test_event_ids_are_uuids_of_version_7_that_sort_by_time() -> None:
    first = event_id()
    time.sleep(0.002)
    second = event_id()
    assert first < second
    assert {uuid.UUID(one).version for one in (first, second)} == {7}
    assert {uuid.UUID(one).variant for one in (first, second)} == {uuid.RFC_4122}
    assert abs(int(first.replace("-", "")[:12], 16) / 1000 - time.time()) < 5
