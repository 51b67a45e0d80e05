"""Secrets that stand in a file which others can read are warned of, and told to nobody."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ennio.supervisor.config import load

Warn = Callable[..., list[str]]


@pytest.fixture
def warned(tmp_path: Path) -> Warn:
    """Load a text from a file with this mode; return where the secrets are that it warns of."""
    subprocess.run(["git", "init", "-q", tmp_path / "repo"], check=True)
    file = tmp_path / "ennio.toml"

    def write_and_load(text: str, mode: int = 0o644) -> list[str]:
        file.write_text(text)
        file.chmod(mode)
        warnings = load(file, environ={"HOME": "/", "T": "s3cret"}).warnings
        assert all("s3cret" not in warning for warning in warnings)
        assert all("chmod 600" in warning and "${VARIABLE}" in warning for warning in warnings)
        return [warning.split(" stands in ")[0] for warning in warnings]

    return write_and_load


PROJECT = '[[projects]]\nname = "p"\npath = "repo"\nagent = "demo"\n'


def notifier(plugin: str, config: str) -> str:
    return f"[[notifiers]]\nname = 'ops'\nplugin = '{plugin}'\nconfig = {{{config}}}\n"


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("api_token = 's3cret-token'", ["`api_token`"]),
        ("database_url = 'postgresql://me:s3cret@db/x'", ["the password of `database_url`"]),
        (
            notifier("webhook", "url = 'http://x', secret = 's3cret'"),
            ["`notifiers[0].config.secret`"],
        ),
        (
            notifier("webhook", "url = 'http://x', headers = {Authorization = 's3cret', X-Env = 'prod'}"),
            ["`notifiers[0].config.headers.Authorization`"],
        ),
        (
            notifier("webhook", "url = 'http://x', headers = {X-Api-Key = 's3cret'}"),
            ["`notifiers[0].config.headers.X-Api-Key`"],
        ),
        (notifier("slack", "url = 'https://hooks.example/s3cret'"), ["`notifiers[0].config.url`"]),
        (
            notifier("apprise", "urls = ['tgram://s3cret/1', 'tgram://${T}/2']"),
            ["`notifiers[0].config.urls[0]`"],
        ),
        (
            PROJECT
            + "tracker_config = {plugin = 'linear', config = {token = 's3cret'}}\n"
            + "scm_config = {plugin = 'github', config = {token = 's3cret', webhook_secret = 's3cret'}}",
            [
                "`projects[0].tracker_config.config.token`",
                "`projects[0].scm_config.config.token`",
                "`projects[0].scm_config.config.webhook_secret`",
            ],
        ),
    ],
)
def test_each_secret_that_is_written_out_is_warned_of(warned: Warn, text: str, places: list[str]) -> None:
    assert warned(text) == places
    assert warned(text, 0o600) == []


@pytest.mark.parametrize(
    "text",
    [
        notifier("webhook", "url = 'http://x', secret = '${T}', headers = {Authorization = 'Bearer ${T}'}"),
        notifier("slack", "url = 'https://hooks.example/${T}'"),
        notifier("webhook", "url = 'http://x', headers = {X-Env = 'prod'}"),
        PROJECT + "scm_config = {plugin = 'github', config = {owner = 'o', repo = 'r', token = '${T}'}}",
        PROJECT
        + "tracker_config = {plugin = 'github', config = {api_url = 'http://x', ignore_authors = ['a']}}",
    ],
)
def test_what_comes_from_the_environment_or_is_no_secret_is_not(warned: Warn, text: str) -> None:
    assert warned(text) == []
