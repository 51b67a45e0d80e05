"""Frames come out as they went in, however the stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.shim.frames import LIMIT, Decoder, Malformed, encode

VALUES = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters())
FRAMES = st.lists(st.tuples(st.dictionaries(st.text(), VALUES), st.binary(max_size=300)), max_size=5)


@given(FRAMES, st.data())
def test_any_split_of_the_bytes_gives_the_same_frames(
    frames: list[tuple[dict[str, object], bytes]], data: st.DataObject
) -> None:
    stream = b"".join(encode(header, body) for header, body in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    decoder, found = Decoder(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += decoder.feed(stream[start:end])
    assert found == frames


def test_lone_surrogates_survive_since_they_spell_file_names() -> None:
    header = {"cwd": "/tmp/\udcff\ud800"}
    assert Decoder().feed(encode(header)) == [(header, b"")]


def test_a_body_may_hold_anything() -> None:
    body = b"\n\0\xff{}\n" * 3
    assert Decoder().feed(encode({"do": "write", "seq": 1}, body)) == [({"do": "write", "seq": 1}, body)]


def test_one_of_the_longest_fits_and_no_more() -> None:
    room = LIMIT - len(encode({"a": 1})) + 4 - 1
    [(_, body)] = Decoder().feed(encode({"a": 1}, bytes(room)))
    assert len(body) == room
    with pytest.raises(ValueError, match="longer than"):
        encode({"a": 1}, bytes(room + 1))


def test_one_that_is_too_long_is_refused_before_it_comes() -> None:
    with pytest.raises(Malformed):
        Decoder().feed((LIMIT + 1).to_bytes(4, "big"))


@pytest.mark.parametrize("frame", [b"", b"x", b"[1]", b"1", b"\xff", b"\nbody", b"[" * 200_000, b"1" * 5000])
def test_what_is_no_header_is_refused(frame: bytes) -> None:
    with pytest.raises(Malformed):
        Decoder().feed(len(frame).to_bytes(4, "big") + frame)
