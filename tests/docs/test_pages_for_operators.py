"""The short pages for operators: their configuration is taken, and what they say of it is so."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ennio.http.requests.passes import CODE_LASTS, PASS_LASTS
from ennio.http.routes.page import _policy
from ennio.supervisor.config import Config, load

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("quick-start", "containment", "recovery", "budgets", "security")


def text(name: str) -> str:
    return (DOCS / f"{name}.md").read_text()


def configurations() -> Iterator[tuple[str, str]]:
    for name in PAGES:
        for indent, block in re.findall(r"^( *)```toml\n(.*?)^ *```$", text(name), re.M | re.S):
            yield name, re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)


def taken(shown: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    for name in ("GITHUB_TOKEN", "ENNIO_API_TOKEN"):
        monkeypatch.setenv(name, "x")
    if "[[projects]]" not in shown:
        shown += '\n[[projects]]\nname = "my-app"\npath = "."\nagent = "demo"\n'
    (folder / "ennio.toml").write_text(shown)
    return load(folder / "ennio.toml")


@pytest.mark.parametrize(("page", "shown"), list(configurations()))
def test_the_configuration_that_is_shown_is_taken(
    page: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert taken(shown, tmp_path, monkeypatch).projects


def test_there_is_something_to_hold_them_to() -> None:
    assert {page for page, _ in configurations()} == {"quick-start", "budgets", "security"}


def test_the_durations_that_are_told_are_those_that_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = taken("", tmp_path, monkeypatch)
    containment, recovery, security = (
        " ".join(text(name).split()) for name in ("containment", "recovery", "security")
    )
    assert f"`timeouts.kill` ({usual.timeouts.kill:g} s)" in containment
    assert f"`timeouts.kill_grace` ({usual.timeouts.kill_grace:g} s)" in containment
    assert f"`orphan_timeout` ({usual.orphan_timeout:g} s)" in recovery
    assert f'`"{usual.on_shutdown}"` (usual)' in recovery
    assert f"within {CODE_LASTS / 60:g} minutes" in security
    assert f"for {PASS_LASTS / 3600:g} hours" in security
    assert f"ends after {PASS_LASTS / 3600:g} hours" in security


def test_the_policy_of_the_page_is_told_as_it_is() -> None:
    told = re.search(r"`Content-Security-Policy: (.*?)`", " ".join(text("security").split()))
    assert told
    sent = _policy("localhost").replace(" ws://localhost wss://localhost", " ...")
    assert told[1] == sent
