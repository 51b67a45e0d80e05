"""Notifiers, trackers and code hosts: what a file says of them, and what is refused."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ennio.supervisor.config import Config, PluginConfig, load
from ennio.supervisor.errors import ConfigError

Load = Callable[..., Config]
Refuse = Callable[..., list[str]]

PROJECT = '[[projects]]\nname = "p"\npath = "repo"\nagent = "demo"\n'


def notifier(name: str = "ops", plugin: str = "webhook", config: str = "url = 'http://x'") -> str:
    return f"[[notifiers]]\nname = '{name}'\nplugin = '{plugin}'\nconfig = {{{config}}}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the git repository `repo`."""
    made = tmp_path_factory.mktemp("plugin_rules")
    subprocess.run(["git", "init", "-q", made / "repo"], check=True)
    return made


@pytest.fixture
def load_text(folder: Path) -> Load:
    def write_and_load(text: str, name: str = "ennio.toml", **environ: str) -> Config:
        (folder / name).write_text(text)
        return load(folder / name, environ={"HOME": "/home/me"} | environ)

    return write_and_load


@pytest.fixture
def refuse(load_text: Load, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Load a text that is refused; return the lines of the message."""
    monkeypatch.chdir(folder)

    def load_refused(text: str, **environ: str) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            load_text(text, **environ)
        return str(raised.value).splitlines()

    return load_refused


def test_without_a_word_nobody_is_told_and_nothing_is_asked(load_text: Load) -> None:
    config = load_text(PROJECT)
    (project,) = config.projects
    assert (config.poll_interval, dict(config.notifiers)) == (30.0, {})
    assert (project.base, project.tracker, project.scm) == ("local", None, None)


def test_plugins_get_their_options_as_they_are_and_know_where_these_stand(load_text: Load) -> None:
    text = (
        "poll_interval = 0.5\n"
        + notifier("ops", "webhook", "url = 'http://x', headers = {A = 'b'}")
        + notifier("chat", "apprise", "urls = ['json://x']")
        + PROJECT
        + "tracker_config = {plugin = 'linear', config = {team = 'ENG', token = '${T}'}}\n"
        + PROJECT.replace('"p"', '"q"')
        + "scm_config = {plugin = 'github', config = {owner = 'o', repo = 'r', on = true, n = [1, 1.5]}}\n"
        + "tracker_config = {plugin = 'gitlab'}\n"
    )
    config = load_text(text, T="s3cret")
    assert config.poll_interval == 0.5
    assert config.notifiers == {
        "ops": PluginConfig("webhook", {"url": "http://x", "headers": {"A": "b"}}, "notifiers[0].config"),
        "chat": PluginConfig("apprise", {"urls": ["json://x"]}, "notifiers[1].config"),
    }
    one, other = config.projects
    where = "projects[0].tracker_config.config"
    assert one.tracker == PluginConfig("linear", {"team": "ENG", "token": "s3cret"}, where)
    options = {"owner": "o", "repo": "r", "on": True, "n": [1, 1.5]}
    assert other.scm == PluginConfig("github", options, "projects[1].scm_config.config")
    assert other.tracker == PluginConfig("gitlab", {}, "projects[1].tracker_config.config")
    assert one.scm is None
    assert "s3cret" not in repr(config)
    assert config.secret_variables == {"T"}


def test_yaml_says_the_same(load_text: Load) -> None:
    text = """
        poll_interval: 5
        defaults: {base: origin, notifiers: [ops]}
        notifiers:
          - name: ops
            plugin: slack
            config: {url: "https://hooks.example/${S}"}
        notification_routing:
          ci-failed: []
        reactions:
          agent-stuck: {threshold: 60}
        projects:
          - name: p
            path: repo
            agent: demo
            base: local
            tracker_config: {plugin: github, config: {owner: o, repo: r}}
            scm_config:
              plugin: github
              config: {owner: o, repo: r, token: "${T}"}
            reactions:
              ci-failed: {action: notify}
    """
    config = load_text(text, "ennio.yaml", S="s", T="t")
    (project,) = config.projects
    assert config.poll_interval == 5.0
    assert config.notifiers["ops"].options == {"url": "https://hooks.example/s"}
    assert config.secret_variables == {"S", "T"}
    assert (project.base, project.scm and project.scm.options["token"]) == ("local", "t")
    assert (project.reactions["ci-failed"].action, project.reactions["ci-failed"].notifiers) == ("notify", ())
    assert (project.reactions["agent-stuck"].threshold, project.reactions["agent-stuck"].notifiers) == (
        60.0,
        ("ops",),
    )


def test_options_cannot_be_changed(load_text: Load) -> None:
    options = load_text(notifier()).notifiers["ops"].options
    with pytest.raises(TypeError):
        options["url"] = "y"  # type: ignore[index]


def test_branches_start_where_the_project_says_else_where_all_do(load_text: Load) -> None:
    other = PROJECT.replace('"p"', '"q"')
    config = load_text(f"defaults.base = 'origin'\n{PROJECT}{other}base = 'local'")
    assert [project.base for project in config.projects] == ["origin", "local"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("poll_interval = 0", "1: `poll_interval` must be greater than 0"),
        ("defaults.base = 'upstream'", "1: `defaults.base` must be 'local' or 'origin'"),
        (PROJECT + "base = 'main'", "5: `projects[0].base` must be 'local' or 'origin'"),
        ("[[notifiers]]\nplugin = 'slack'", "1: `notifiers[0].name` is missing"),
        ("[[notifiers]]\nname = 'ops'", "1: `notifiers[0].plugin` is missing"),
        (notifier(name=" "), "2: `notifiers[0].name` must be 1 to 100 printable characters"),
        (notifier(name="a/b"), "2: `notifiers[0].name` must have no `/`"),
        (notifier(name=".."), "2: `notifiers[0].name` must have no `/`, and be more than dots"),
        (
            notifier() + notifier(),
            "6: `notifiers[1].name` is the name of another notifier already: `notifiers[0].name`",
        ),
        (
            notifier(plugin="sms"),
            "3: `notifiers[0].plugin` names the plugin 'sms', which nobody defines; there are: apprise, "
            "desktop, slack, webhook",
        ),
        (
            notifier(plugin="web-hook"),
            "3: `notifiers[0].plugin` names the plugin 'web-hook', which nobody defines; did you",
        ),
        (
            PROJECT + "tracker_config.plugin = 'jira'",
            "5: `projects[0].tracker_config.plugin` names the plugin 'jira', which nobody defines; "
            "there are: github, gitlab, linear",
        ),
        (
            PROJECT + "scm_config.plugin = 'linear'",
            "5: `projects[0].scm_config.plugin` names the plugin 'linear', which nobody defines; there are: "
            "github, gitlab",
        ),
        (PROJECT + "scm_config.config = {}", "5: `projects[0].scm_config.plugin` is missing"),
        (
            PROJECT + "scm_config = {plugin = 'github', confg = {}}",
            "5: `projects[0].scm_config.confg` is no key",
        ),
        (notifier(config="a = [nan]"), "4: `notifiers[0].config.a[0]` must be a finite number"),
        (notifier(config="a = 2024-01-01"), "4: `notifiers[0].config.a` must not be a date or a time"),
        (
            "defaults.notifiers = ['ops']",
            "1: `defaults.notifiers[0]` names the notifier 'ops', which nobody defines; there are none",
        ),
        (
            notifier() + PROJECT + "notifiers = ['ops', 'opps']",
            "9: `projects[0].notifiers[1]` names the notifier 'opps', which nobody defines; did you",
        ),
        (
            notifier() + notifier("chat") + "[notification_routing]\nci-failed = ['mail']",
            "10: `notification_routing.ci-failed[0]` names the notifier 'mail', which nobody defines; there "
            "are: chat, ops",
        ),
        (
            "notification_routing.ci-fail = []",
            "1: `notification_routing.ci-fail` is no key here; did you mean `ci-failed`?",
        ),
        (
            "defaults.notifiers = ['ops', 'ops']\n" + notifier(),
            "1: `defaults.notifiers[1]` names the notifier 'ops' again",
        ),
    ],
)
def test_what_nobody_defines_is_refused(refuse: Refuse, text: str, message: str) -> None:
    (line,) = refuse(text)
    assert line.startswith(f"ennio.toml:{message}")


@pytest.mark.parametrize(
    "text",
    [
        notifier(plugin="${T}") + notifier(name="${T}") + notifier(name="${T}"),
        "defaults.notifiers = ['${T}', 'x']\n" + notifier(name="${T}!"),
        notifier(config="url = '${T}', token = [{a = '${T}', b = nan}]"),
        notifier(config="url = '${T}', token = 2024-01-01"),
        PROJECT + "tracker_config = {plugin = '${T}', config = {token = '${T}'}, x = '${T}'}",
        PROJECT + "scm_config = {plugin = '${T}', config = {token = 's3cret-too'}}",
        PROJECT + "scm_config = {plugin = 'github', config = '${T}'}",
        PROJECT + "reactions.ci-failed = {action = '${T}', message = ['${T}'], priority = '${T}'}",
    ],
)
def test_no_secret_is_in_a_message(refuse: Refuse, text: str) -> None:
    assert "s3cret" not in "\n".join(refuse(text, T="s3cret"))


def test_what_a_plugin_may_know_of_the_api_token_no_agent_does(load_text: Load) -> None:
    text = "api_token = '${T}'\n" + notifier(config="url = 'http://x', headers = {Authorization = '${T}'}")
    assert load_text(text, T="t0ken-of-mine").secret_variables == {"T"}


def test_a_strangers_plugin_is_known_by_its_entry_point_and_not_imported(
    folder: Path, tmp_path: Path
) -> None:
    info = tmp_path / "stranger-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "".join(f"[ennio.{kind}]\nodd = no_such_module:It\n" for kind in ("trackers", "scms", "notifiers"))
    )
    text = notifier(plugin="odd") + PROJECT + "tracker_config.plugin = 'odd'\nscm_config.plugin = 'odd'"
    (folder / "strange.toml").write_text(text)
    code = "from ennio.supervisor.config import load; import pathlib, sys; "
    code += "print(load(pathlib.Path(sys.argv[1])).projects[0].scm.plugin)"
    command = [sys.executable, "-c", code, str(folder / "strange.toml")]
    environ = os.environ | {"PYTHONPATH": str(tmp_path)}
    assert (
        subprocess.run(command, env=environ, cwd=folder, check=True, capture_output=True).stdout == b"odd\n"
    )
