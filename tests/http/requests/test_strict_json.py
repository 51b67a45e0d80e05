import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.http.requests.strict_json import parse
from ennio.supervisor import Invalid


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no JSON"),
        (b"{", "line 1"),
        (b"{} {}", "Extra data"),
        (b'{"a": 1,}', "no JSON"),
        (b"{'a': 1}", "no JSON"),
        (b'{"a": "\x01"}', "no JSON"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'{"a": "\xff"}', "UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b"null", "object"),
        (b"[]", "object"),
        (b'"x"', "object"),
        (b"1", "object"),
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "'c' is given twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": [-Infinity]}', "-Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "5000 digits"),
        (b'{"a": ' + b"9" * 5000 + b".0}", "too large"),
        (b"[" * 100_000, "deep"),
        (b"[" * 100_000 + b"]" * 100_000, "deep"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "deep"),
        (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "deep"),
    ],
    ids=lambda value: ascii(value[:30]),
)
def test_what_is_doubtful_is_refused_in_few_words(body: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        parse(body)
    assert len(str(refused.value)) < 200
    assert str(refused.value).isascii()


def test_a_long_key_is_not_repeated_in_full() -> None:
    key = b"k" * 100_000
    with pytest.raises(Invalid) as refused:
        parse(b'{"%s": 1, "%s": 2}' % (key, key))
    assert len(str(refused.value)) < 200


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text()))
def test_whatever_is_plain_json_is_read_as_it_is(content: dict[str, object]) -> None:
    for ascii_only in (True, False):
        try:
            body = json.dumps(content, ensure_ascii=ascii_only).encode()
        except UnicodeEncodeError:
            continue
        assert parse(body) == content


@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise_anything_but_a_refusal(body: bytes) -> None:
    with suppress(Invalid):
        assert isinstance(parse(body), dict)
