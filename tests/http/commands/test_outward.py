"""What `ennio doctor` says of trackers, code hosts and notifiers."""

import subprocess
from pathlib import Path

import pytest
from canned import SESSION, Canned, S

from ennio.http.client import Client
from ennio.http.commands.ask_server import Options
from ennio.http.commands.doctor import examine
from ennio.http.commands.findings import Finding, Verdict
from ennio.http.commands.outward import configured, reached
from ennio.supervisor.config import Config, load

GITHUB = '{ plugin = "github", config = { owner = "me", repo = "app", token = "s3cret" } }'
NOTIFIERS = '[[notifiers]]\nname = "desk"\nplugin = "desktop"\n'
ISSUES = "GET /api/v1/projects/app/issues?limit=1&timeout=3.0"


def write(folder: Path, more: str) -> Path:
    subprocess.run(["git", "init", "--quiet", folder / "app"], check=True)
    file = folder / "ennio.toml"
    file.write_text(
        'port = 0\ndata_dir = "state"\n[defaults]\nagent = "demo"\n'
        f'[[projects]]\nname = "app"\npath = "app"\n{more}'
    )
    return file


def configuration(folder: Path, more: str) -> Config:
    return load(write(folder, more))


def test_who_is_configured_well_is_said_and_not_asked(tmp_path: Path) -> None:
    config = configuration(tmp_path, f"tracker_config = {GITHUB}\nscm_config = {GITHUB}\n{NOTIFIERS}")
    assert list(configured(config)) == [
        Finding("tracker of app", Verdict.OK, "github me/app, by its options; it was not asked"),
        Finding("code host of app", Verdict.OK, "github me/app, by its options; it was not asked"),
        Finding("notifier desk", Verdict.OK, "desktop, by its options; it was not asked"),
    ]


def test_what_is_wrong_in_the_options_is_named_without_their_values(tmp_path: Path) -> None:
    wrong = GITHUB.replace("owner", "onwer")
    (finding,) = configured(configuration(tmp_path, f"scm_config = {wrong}\n"))
    assert (finding.check, finding.verdict) == ("code host of app", Verdict.MISSING)
    assert "projects[0].scm_config.config.owner" in finding.says
    assert "s3cret" not in finding.says


def test_a_configuration_without_any_has_nothing_to_say_of_them(tmp_path: Path) -> None:
    config = configuration(tmp_path, "")
    assert list(configured(config)) == []


def test_the_doctor_says_it_among_the_rest(tmp_path: Path) -> None:
    found = [finding.check for finding in examine(Options(config=write(tmp_path, NOTIFIERS)))]
    assert found.index("agent demo") < found.index("notifier desk") < found.index("data folder")


async def asked(server: Canned, config: Config) -> list[Finding]:
    async with Client(f"http://127.0.0.1:{server.server_port}") as client:
        return await reached(config, client)


@pytest.mark.parametrize(
    ("issues", "says"),
    [
        ([{"id": "42"}], "the server can read them; the newest is 42"),
        ([], "the server can read them; none is open"),
    ],
)
async def test_a_server_is_asked_for_the_issues(
    tmp_path: Path, server: Canned, issues: list[object], says: str
) -> None:
    server.answer(ISSUES, issues)
    config = configuration(tmp_path, f"tracker_config = {GITHUB}\n")
    assert await asked(server, config) == [Finding("issues of app", Verdict.OK, says)]


async def test_a_tracker_that_a_server_does_not_reach_is_told_of(tmp_path: Path, server: Canned) -> None:
    server.answer(ISSUES, "github me/app does not accept our token", status=502)
    config = configuration(tmp_path, f"tracker_config = {GITHUB}\n")
    words = "github me/app does not accept our token"
    assert await asked(server, config) == [Finding("issues of app", Verdict.MIND, words)]


async def test_a_server_that_is_gone_meanwhile_is_no_crash(tmp_path: Path) -> None:
    config = configuration(tmp_path, f"tracker_config = {GITHUB}\n")
    async with Client("http://127.0.0.1:1") as client:
        (finding,) = await reached(config, client)
    assert (finding.check, finding.verdict) == ("issues of app", Verdict.MIND)


async def test_the_sessions_tell_of_a_code_host_that_is_away_once(tmp_path: Path, server: Canned) -> None:
    away = {**SESSION, "host_trouble": "github me/app failed"}
    server.answer(f"GET {S}", [SESSION, away, away], [SESSION])
    config = configuration(tmp_path, f"scm_config = {GITHUB}\n")
    told = Finding("pull requests of app", Verdict.MIND, "github me/app failed")
    assert await asked(server, config) == [told]
    assert await asked(server, config) == []
