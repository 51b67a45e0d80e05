"""Tokens for agents that may supervise others: proved, and the same for as long as the key is."""

import stat
from pathlib import Path

import pytest

from ennio.supervisor.errors import ConfigError
from ennio.supervisor.grants import Grants, grants_of
from ennio.supervisor.ids import SessionId

SESSION = SessionId("my-app-k3v9x2ab")
GRANTS = Grants(b"k" * 32)


def test_a_token_says_whose_it_is() -> None:
    token = GRANTS.token_of(SESSION)

    assert token.startswith(f"ennio-{SESSION}.")
    assert token.isascii()
    assert GRANTS.holder_of(token) == SESSION
    assert GRANTS.token_of(SESSION) == token


@pytest.mark.parametrize("name", ["a", "ennio", "ennio-x", "ennio-ennio-x", "-", "_" * 64])
def test_any_session_may_have_one(name: str) -> None:
    session = SessionId.parse(name)

    assert GRANTS.holder_of(GRANTS.token_of(session)) == session


TOKEN = GRANTS.token_of(SESSION)
PROOF = TOKEN.rpartition(".")[2]


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "ennio-.",
        f"ennio-.{PROOF}",
        "the-operators",
        TOKEN[:-1],
        f"{TOKEN}0",
        f"{TOKEN}\n",
        f" {TOKEN}",
        TOKEN.upper(),
        TOKEN.removeprefix("ennio-"),
        f"ennio-{TOKEN}",
        f"ennio-{SESSION}.",
        f"ennio-{SESSION}",
        f"ennio-my-app-other.{PROOF}",
        f"ennio-{SESSION}.{PROOF}.{PROOF}",
        f"ennio-{SESSION}/../x.{PROOF}",
        f"ennio-{SESSION}.\xff",
        f"ennio-\xff.{PROOF}",
        Grants(b"x" * 32).token_of(SESSION),
    ],
)
def test_what_we_did_not_make_is_nobodys(token: str) -> None:
    assert GRANTS.holder_of(token) is None


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    token = grants_of(tmp_path).token_of(SESSION)

    assert grants_of(tmp_path).token_of(SESSION) == token
    assert grants_of(tmp_path).holder_of(token) == SESSION
    assert [file.name for file in tmp_path.iterdir()] == ["key"]
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert len((tmp_path / "key").read_bytes()) == 32


def test_each_data_folder_has_a_key_of_its_own(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()

    token = grants_of(tmp_path / "one").token_of(SESSION)
    assert grants_of(tmp_path / "two").holder_of(token) is None


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_half_a_key_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "key.new").write_bytes(b"left by a server that was killed")

    token = grants_of(tmp_path).token_of(SESSION)
    assert (tmp_path / "key").read_bytes() != content
    assert grants_of(tmp_path).holder_of(token) == SESSION


def test_a_key_that_cannot_be_kept_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()

    with pytest.raises(ConfigError, match="the file `key` in it cannot be used"):
        grants_of(tmp_path)
