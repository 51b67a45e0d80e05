"""What a good file becomes."""

import subprocess
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from ennio.supervisor.config import AgentConfig, Config, Limits, Restart, Symlink, Timeouts, load
from ennio.supervisor.config.draft import installed
from ennio.supervisor.errors import ConfigError

Load = Callable[..., Config]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a git repository in `repo`."""
    made = tmp_path_factory.mktemp("config")
    subprocess.run(["git", "init", "-q", made / "repo"], check=True)
    return made


@pytest.fixture
def load_toml(folder: Path) -> Load:
    def write_and_load(text: str, environ: Mapping[str, str] | None = None) -> Config:
        (folder / "ennio.toml").write_text(text)
        return load(folder / "ennio.toml", environ={"HOME": "/home/me"} | dict(environ or {}))

    return write_and_load


PROJECT = '[[projects]]\nname = "My App"\nproject_id = "app"\npath = "repo"\nagent = "demo"\n'


def test_an_empty_file_is_all_defaults(load_toml: Load, folder: Path) -> None:
    config = load_toml("")
    assert config == Config(
        file=folder / "ennio.toml",
        host="127.0.0.1",
        port=3000,
        api_token=None,
        cors_origins=(),
        data_dir=Path("/home/me/.local/state/ennio"),
        allowed_hosts=(),
        on_shutdown="stop",
        orphan_timeout=600.0,
        idle_after=60.0,
        tls_cert=None,
        tls_key=None,
        timeouts=Timeouts(spawn=60.0, send=10.0, kill=15.0, kill_grace=5.0),
        agents=dict.fromkeys(installed()["agents"], AgentConfig()),
        projects=(),
        secret_variables=frozenset(),
        warnings=(),
    )


def test_state_goes_where_xdg_says(load_toml: Load) -> None:
    assert load_toml("", {"XDG_STATE_HOME": "/state"}).data_dir == Path("/state/ennio")
    assert load_toml("", {"XDG_STATE_HOME": "not/absolute"}).data_dir == Path("/home/me/.local/state/ennio")


def test_a_project_has_every_default(load_toml: Load, folder: Path) -> None:
    (project,) = load_toml(PROJECT).projects
    assert (project.id, project.name, project.path) == ("app", "My App", folder / "repo")
    assert (project.default_branch, project.session_prefix, project.max_sessions) == ("main", "myapp", None)
    assert (project.agent, project.runtime, project.workspace) == ("demo", "process", "worktree")
    assert (project.repo, project.model, project.output_bytes) == (None, None, 100 * 1024 * 1024)
    assert (project.agent_rules, project.symlinks, project.post_create) == ((), (), ())


def test_a_project_overrides_the_defaults(load_toml: Load) -> None:
    defaults = (
        '[defaults]\nagent = "demo"\nworkspace = "clone"\n[limits]\noutput_bytes = 70000\n'
        '[agents.mine]\ncommand = ["a", "{model}"]\n[[projects]]\nname = "p"\npath = "repo"\n'
    )
    one = load_toml(defaults).projects[0]
    assert (one.agent, one.workspace, one.output_bytes) == ("demo", "clone", 70000)
    own = 'agent = "mine"\nworkspace = "worktree"\nlimits.output_bytes = 80000\nagent_config.model = "m"\n'
    other = load_toml(defaults + own).projects[0]
    assert (other.agent, other.workspace, other.output_bytes) == ("mine", "worktree", 80000)
    assert other.model == "m"


def test_agents_are_not_limited_and_not_started_again_unless_somebody_says_so(load_toml: Load) -> None:
    (project,) = load_toml(PROJECT).projects
    assert (project.limits, project.restart) == (Limits(), Restart("never", 3, 300.0))


def test_a_project_has_the_common_limits_and_its_own_ahead_of_them(load_toml: Load) -> None:
    common = "[limits]\nwall_clock = 60\nidle = 1.5\nmemory_mb = 100\nprocesses = 7\nturns = 3\n"
    (project,) = load_toml(common + PROJECT).projects
    assert project.limits == Limits(60.0, 1.5, 100 << 20, 7, 3)
    (project,) = load_toml(common + PROJECT + "limits = { idle = 9, memory_mb = 1 }").projects
    assert project.limits == Limits(60.0, 9.0, 1 << 20, 7, 3)


def test_a_project_restarts_agents_as_everywhere_but_for_what_it_says_itself(load_toml: Load) -> None:
    common = '[restart]\npolicy = "always"\nintensity = 9\n'
    (project,) = load_toml(common + PROJECT).projects
    assert project.restart == Restart("always", 9, 300.0)
    (project,) = load_toml(common + PROJECT + 'restart = { policy = "on-failure", period = 0.5 }').projects
    assert project.restart == Restart("on-failure", 9, 0.5)
    (project,) = load_toml(common + PROJECT + 'restart.policy = "never"').projects
    assert project.restart.policy == "never"


def test_the_ends_of_server_and_agents_can_be_set_apart(load_toml: Load) -> None:
    config = load_toml('on_shutdown = "detach"\norphan_timeout = 3.5')
    assert (config.on_shutdown, config.orphan_timeout) == ("detach", 3.5)


@pytest.mark.parametrize(
    ("name", "prefix"), [("My-App_2", "myapp2"), ("äöü", "session"), ("___", "session"), ("x" * 90, "x" * 55)]
)
def test_the_session_prefix_comes_from_the_name(load_toml: Load, name: str, prefix: str) -> None:
    assert load_toml(PROJECT.replace("My App", name)).projects[0].session_prefix == prefix


def test_paths_are_from_the_files_own_folder(
    load_toml: Load, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    text = f"""
        data_dir = "a/../state"
        [agents.here]
        command = ["./bin/agent", "./stays"]
        [agents.bare]
        command = ["agent"]
        [agents.inside]
        command = ["{{workspace}}/run.sh"]
        [agents.demo]
        program = "~/bin/demo"
        {PROJECT}
        repo = "../other.git"
        symlinks = [{{ source = "../.env", target = "./conf//.env" }}, {{ source = "~/x", target = "x" }}]
    """
    config = load_toml(text)
    project = config.projects[0]
    assert config.data_dir == folder / "state"
    assert config.agents["here"].command == (f"{folder}/bin/agent", "./stays")
    assert config.agents["bare"].command == ("agent",)
    assert config.agents["inside"].command == ("{workspace}/run.sh",)
    assert config.agents["demo"].program == "/home/me/bin/demo"
    assert project.repo == str(folder.parent / "other.git")
    assert project.symlinks == (Symlink(folder / ".env", "conf/.env"), Symlink(Path("/home/me/x"), "x"))


@pytest.mark.parametrize("url", ["git@host:me/app.git", "https://host/app.git", "ssh://host:22/app.git"])
def test_what_git_takes_for_a_url_is_no_path(load_toml: Load, url: str) -> None:
    assert load_toml(PROJECT + f'repo = "{url}"').projects[0].repo == url


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:db/e.db", "{folder}/db/e.db"),
        ("sqlite:///db/e.db", "{folder}/db/e.db"),
        ("sqlite:/var/e.db", "/var/e.db"),
        ("sqlite:////var/e.db", "/var/e.db"),
        ("sqlite:~/e.db", "/home/me/e.db"),
        ("sqlite:what?#%20", "{folder}/what?#%20"),
    ],
)
def test_a_database_s_file_is_an_absolute_path(load_toml: Load, folder: Path, url: str, path: str) -> None:
    given = load_toml(f'database_url = "{url}"').database_url
    assert given is not None
    assert given.get_secret_value() == "sqlite:///" + path.format(folder=folder)


def test_a_database_s_credentials_are_in_no_text_and_its_variable_is_kept_from_agents(
    load_toml: Load,
) -> None:
    config = load_toml('database_url = "postgresql://me:${P}@db/ennio?x=1"', {"P": "s3cret"})
    assert config.database_url is not None
    assert config.database_url.get_secret_value() == "postgresql://me:s3cret@db/ennio?x=1"
    assert "s3cret" not in repr(config)
    assert config.secret_variables == {"P"}


def test_sessions_are_kept_for_ever_or_for_days(load_toml: Load) -> None:
    assert load_toml("").retention_days is None
    assert load_toml("retention.days = 0.5").retention_days == 0.5


def test_the_grace_of_a_kill_shrinks_with_it(load_toml: Load) -> None:
    assert load_toml("[timeouts]\nkill = 3").timeouts.kill_grace == 1.0
    assert load_toml("[timeouts]\nkill = 60").timeouts.kill_grace == 5.0
    assert load_toml("[timeouts]\nkill = 3\nkill_grace = 0").timeouts.kill_grace == 0.0


def test_variables_that_secrets_use_are_kept_from_agents_and_others_are_not(load_toml: Load) -> None:
    text = 'api_token = "${A}${B}"\nhost = "${H}"\n[agents.x]\ncommand = ["x"]\nenv = { K = "${K}" }\n'
    config = load_toml(text, {"A": "s3", "B": "cret", "H": "localhost", "K": "v"})
    assert config.secret_variables == {"A", "B"}
    assert config.api_token is not None
    assert config.api_token.get_secret_value() == "s3cret"
    assert config.agents["x"].env == {"K": "v"}


def test_no_secret_is_in_the_text_of_a_configuration(load_toml: Load) -> None:
    text = 'api_token = "s3cret-token"\n[agents.x]\ncommand = ["x"]\nenv = { K = "s3cret-key" }\n'
    assert "s3cret" not in repr(load_toml(text))


def test_a_written_token_that_others_can_read_is_warned_of(load_toml: Load, folder: Path) -> None:
    text, file = 'api_token = "abcdefgh"\n', folder / "ennio.toml"
    load_toml(text)
    file.chmod(0o644)
    (warning,) = load(file).warnings
    assert warning.startswith("`api_token` stands in ")
    assert "ennio.toml, which other users can read" in warning
    assert "abcdefgh" not in warning
    file.chmod(0o600)
    assert load(file).warnings == ()
    file.chmod(0o644)
    assert load_toml('api_token = "${T}"\n', {"T": "abcdefgh"}).warnings == ()


def test_a_written_password_of_a_database_is_warned_of(load_toml: Load, folder: Path) -> None:
    load_toml('database_url = "postgresql://me:s3cret@db/ennio"')
    (folder / "ennio.toml").chmod(0o644)
    (warning,) = load(folder / "ennio.toml", environ={"HOME": "/"}).warnings
    assert warning.startswith("the password of `database_url` stands in ")
    assert "s3cret" not in warning
    for url in ("postgresql://me:${P}@db/ennio", "postgresql://db/ennio", "sqlite:x"):
        assert load_toml(f'database_url = "{url}"', {"P": "s3cret"}).warnings == ()


def test_a_configuration_cannot_be_changed(load_toml: Load) -> None:
    config = load_toml(PROJECT)
    with pytest.raises(AttributeError):
        config.port = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        config.agents["x"] = AgentConfig()  # type: ignore[index]


def test_dates_are_refused_wherever_they_stand(load_toml: Load) -> None:
    with pytest.raises(ConfigError, match=r"ennio.toml:1: `host` must be text, not a date or a time"):
        load_toml(f"host = {date(2024, 1, 2)}")
