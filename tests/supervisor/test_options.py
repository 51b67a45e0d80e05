"""A plugin's own options: each key is read as what it must be, and nothing that was given is ignored."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.errors import ConfigError
from ennio.supervisor.options import Options

WHERE = "projects[0].scm_config.config"


def options(**given_: Any) -> Options:
    return Options(given_, WHERE)


def wrong(read: Callable[[Options], object], **given_: Any) -> str:
    """Return what is said of options that are wrong, which begins with the key."""
    with pytest.raises(ConfigError) as caught:
        read(options(**given_))
    assert str(caught.value).startswith(f"`{WHERE}.")
    return str(caught.value).removeprefix(f"`{WHERE}.")


def test_what_is_given_is_read_as_it_is() -> None:
    known = options(
        owner=" o ", url="https://x.example/api/", on=False, names=["a", "b"], headers={"X-A": "1"}, none=[]
    )
    assert known.required("owner") == " o "
    assert known.text("owner") == " o "
    assert known.url("url") == "https://x.example/api"
    assert known.flag("on", default=True) is False
    assert known.texts("names") == ("a", "b")
    assert known.texts("none") == ()
    assert known.table("headers") == {"X-A": "1"}
    known.done()


def test_what_is_not_given_is_as_its_reader_has_it() -> None:
    known = options()
    assert known.text("a") is None
    assert known.url("b", "http://localhost:1/") == "http://localhost:1"
    assert known.flag("c", default=True) is True
    assert known.texts("d") == ()
    assert known.table("e") == {}
    known.done()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (3, "must be text, not a number"),
        (True, "must be text, not a boolean"),
        (1.5, "must be text, not a number"),
        (["x"], "must be text, not a list"),
        ({"x": "y"}, "must be text, not a table"),
        (" \t", "must not be blank"),
    ],
)
def test_a_text_is_nothing_else_and_not_blank(value: object, says: str) -> None:
    assert wrong(lambda known: known.text("owner"), owner=value) == f"owner` {says}"
    assert wrong(lambda known: known.required("owner"), owner=value) == f"owner` {says}"


def test_what_is_required_and_missing_is_named() -> None:
    assert wrong(lambda known: known.required("token")) == "token` is missing"
    assert wrong(lambda known: known.url("url")) == "url` is missing"


@pytest.mark.parametrize("value", [0, 1, "true", None, []])
def test_a_flag_is_true_or_false_and_nothing_like_it(value: object) -> None:
    assert wrong(lambda known: known.flag("on", default=False), on=value).startswith("on` must be a boolean")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.example",
        "x.example",
        "//x.example",
        "https://",
        "https:///path",
        "https://[::1",
        "https://x.example:0",
        "https://x.example:99999",
        "https://x.example:port",
        "https://x.example/a b",
        "https://x.example\n",
    ],
)
def test_a_url_is_one_of_the_web_and_is_not_quoted(url: str) -> None:
    for read in (lambda known: known.url("url"), lambda known: known.url("url", "http://a")):
        assert wrong(read, url=url) == "url` must be a URL that begins with http:// or https://"


@pytest.mark.parametrize("values", ["a", ["a", ""], ["a", 1], ["a", " "], {"a": "b"}, 1])
def test_a_list_of_texts_holds_texts_alone_and_none_that_is_blank(values: object) -> None:
    assert wrong(lambda known: known.texts("names"), names=values).startswith("names` must be a list")


@pytest.mark.parametrize("value", ["a", ["a"], {"a": 1}, {"a": {"b": "c"}}, None])
def test_a_table_of_texts_holds_texts_alone(value: object) -> None:
    assert wrong(lambda known: known.table("headers"), headers=value) == "headers` must be a table of texts"


def test_a_key_that_nobody_reads_is_refused_with_the_one_that_was_meant() -> None:
    def read(known: Options) -> None:
        known.text("owner"), known.text("api_url")
        known.done()

    assert wrong(read, ownr="x") == "ownr` is no key here; did you mean `owner`?"
    assert wrong(read, API_URL="x") == "API_URL` is no key here; did you mean `api_url`?"
    assert wrong(read, zzz="x") == "zzz` is no key here; there are: api_url, owner"


SECRETS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12, max_size=20)


@given(SECRETS, st.sampled_from(["flag", "texts", "table", "url"]))
def test_no_value_is_ever_quoted(secret: str, kind: str) -> None:
    def read(known: Options) -> None:
        getattr(known, kind)("token", *([True] if kind == "flag" else []))

    assert secret not in wrong(read, token=secret)
