"""docs/pull-requests.md: its tables are those of the code, and what it gives to be copied works."""

import json
import re
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ennio.supervisor import couriers
from ennio.supervisor.config import Config, load
from ennio.supervisor.config.reactions import ACTIONS, DEFAULTS
from ennio.supervisor.forges import pace
from ennio.supervisor.forges.github.logs import KEEP
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.links import links
from ennio.supervisor.notifiers import posting
from ennio.supervisor.notifiers.webhook import body_of, signature
from ennio.supervisor.records import Notice
from ennio.supervisor.review import RULES, Stage
from ennio.supervisor.workspaces.origin import FETCH_WITHIN

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "pull-requests.md").read_text()
README = (ROOT / "README.md").read_text()
WORDS = " ".join(PAGE.split())
NOTICE = Notice(
    id="n-1",
    session_id=SessionId("p-1"),
    project_id=ProjectId("p"),
    reaction="ci-failed",
    priority="urgent",
    title="Checks fail: é",
    text="",
    at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
)


def blocks(language: str) -> list[str]:
    """Return what the page has in that language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)


def table(first: str) -> list[list[str]]:
    """Return the cells of the table whose header begins so, without backquotes."""
    found = re.search(rf"^\| {re.escape(first)}.*\n\|[-:| ]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found, f"there is no table {first!r}"
    return [[cell.strip().replace("`", "") for cell in row[1:-1].split("|")] for row in found[1].splitlines()]


def loaded(shown: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Return a configuration of the page, for a repository that is there, its variables set."""
    for name in set(re.findall(r"\$\{(\w+)\}", shown)):
        monkeypatch.setenv(name, "json://localhost" if name == "NTFY_URL" else "https://x.example.com")
    subprocess.run(["git", "init", "--quiet", folder / "app"], check=True)
    if "[[projects]]" not in shown:
        shown += '[[projects]]\nname = "my-app"\npath = "/repos/my-app"\nagent = "demo"\n'
    (folder / "ennio.toml").write_text(shown.replace("/repos/my-app", str(folder / "app")))
    return load(folder / "ennio.toml")


def test_the_statuses_are_those_of_the_code_in_its_order() -> None:
    assert [row[0] for row in table("Status |")] == [stage for stage, _ in RULES]


def test_each_status_has_words_of_its_own() -> None:
    words = [row[1] for row in table("Status |")]
    assert all(words)
    assert len(set(words)) == len(Stage)


def test_the_reactions_are_as_they_are_by_default() -> None:
    shown = {
        name: (
            reaction.action,
            reaction.priority,
            "" if reaction.retries is None else str(reaction.retries),
            "" if reaction.escalate_after is None else f"{reaction.escalate_after:g}",
            ", ".join(sorted(ACTIONS[name] - {reaction.action})),
        )
        for name, reaction in DEFAULTS.items()
    }
    assert {row[0]: tuple(row[1:]) for row in table("Reaction | `action`")} == shown
    assert all(reaction.enabled for reaction in DEFAULTS.values())


def test_the_cause_of_each_reaction_is_told() -> None:
    rows = {row[0]: row[1:] for row in table("Reaction | Its cause")}
    assert rows.keys() == DEFAULTS.keys()
    threshold = DEFAULTS["agent-stuck"].threshold
    assert f"threshold seconds ({threshold:g})" in rows["agent-stuck"][0]
    assert DEFAULTS["all-complete"].include_summary


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
@pytest.mark.parametrize("shown", blocks("toml"))
async def test_each_configuration_is_taken_with_the_options_of_its_plugins(
    shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if 'plugin = "apprise"' in shown:
        pytest.importorskip("apprise")
    config = loaded(shown, tmp_path, monkeypatch)
    made = links(config)
    for one in (*made.trackers.values(), *made.scms.values(), *made.notifiers.values()):
        await one.aclose()
    assert len(made.notifiers) == len(config.notifiers)


def test_the_set_up_gives_no_token_of_the_servers_to_an_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = blocks("toml")
    config = loaded(first, tmp_path, monkeypatch)
    assert config.secret_variables == {"GITHUB_TOKEN", "HOOK_SECRET"}


def test_a_notice_is_posted_as_it_is_shown() -> None:
    (shown,) = blocks("json")
    assert list(json.loads(shown)) == list(json.loads(body_of(NOTICE)))
    assert json.loads(shown)["timestamp"] == json.loads(body_of(NOTICE))["timestamp"]


def test_what_is_shown_tells_a_true_signature_from_others() -> None:
    (shown,) = blocks("python")
    scope: dict[str, Any] = {}
    exec(shown, scope)
    proves, body = scope["is_from_ennio"], body_of(NOTICE)
    good = signature(b"s\xc3\xa9cret", body)
    assert proves(body, good, "sécret")
    for given, header, secret in (
        (body + b" ", good, "sécret"),
        (body, good, "other"),
        (body, good.removeprefix("sha256="), "sécret"),
        (body, "", "sécret"),
        (body, "sha256=é", "sécret"),
    ):
        assert not proves(given, header, secret)


@pytest.mark.parametrize(
    "said",
    [
        f"by up to {couriers.ATTEMPTS} tries",
        f"within {posting.PATIENCE:g} seconds",
        f"One may take {FETCH_WITHIN:g} seconds",
        f"of 5,000: {pace.reserve(5000)}",
        f"{KEEP // 1024} KiB each",
    ],
)
def test_numbers_are_those_of_the_code(said: str) -> None:
    assert said in WORDS


def test_what_watching_costs_is_what_the_bench_has_measured() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| with(out)? a .* \d", line)]
    bench = (ROOT / "bench" / "README.md").read_text().splitlines()
    assert len(rows) == 2
    assert set(rows) <= set(bench)


@pytest.mark.parametrize(
    "shown", [one for one in re.findall(r"```toml\n(.*?)```", README, re.DOTALL) if "scm_" in one]
)
def test_the_readme_shows_a_code_host_in_a_few_lines(shown: str) -> None:
    assert len(shown.splitlines()) <= 14
    project: dict[str, Any] = tomllib.loads(shown)["projects"][0]
    assert {"tracker_config", "scm_config"} <= project.keys()
