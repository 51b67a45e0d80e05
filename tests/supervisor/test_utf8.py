"""Cuts that break no character. That `decoded` gives the same in steps is held by test_transcript."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.utf8 import cut_before, decoded, encoded, rest_of_a_character

texts = st.text(alphabet="aé€😀", max_size=12)


@given(text=texts, most=st.integers(0, 60))
def test_a_cut_is_between_two_characters_and_as_late_as_can_be(text: str, most: int) -> None:
    data = text.encode()
    cut = cut_before(data, most)
    kept = data[:cut].decode()
    assert text.startswith(kept)
    assert cut <= most
    assert kept == text or len((kept + text[len(kept)]).encode()) > most


@given(text=texts, start=st.integers(0, 50))
def test_what_only_continues_a_character_is_skipped_to_the_next_one(text: str, start: int) -> None:
    data = text.encode()
    rest = data[start + rest_of_a_character(data, start) :].decode()
    assert text.endswith(rest)
    assert len(rest.encode()) >= len(data) - start - 3


def test_no_more_than_three_bytes_are_taken_for_the_rest_of_a_character() -> None:
    assert rest_of_a_character(b"\x80" * 10) == 3


@pytest.mark.parametrize(
    ("text", "data"), [("a€", b"a\xe2\x82\xac"), ("\ud800a\udfff", b"\xef\xbf\xbda\xef\xbf\xbd")]
)
def test_a_text_is_encoded_whatever_it_holds(text: str, data: bytes) -> None:
    assert encoded(text) == data


def test_a_replacement_that_has_room_alone_is_given_alone() -> None:
    assert decoded(b"\xff\xff", 4, final=True) == ("\ufffd", 1)
