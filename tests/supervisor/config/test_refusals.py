"""Whatever is wrong is refused: the message has the file, the line, the key, and what would be right."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ennio.supervisor.config import load
from ennio.supervisor.errors import ConfigError

Refuse = Callable[..., list[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the git repositories `repo` and `bare.git`, and one that is none, `plain`."""
    made = tmp_path_factory.mktemp("refusals")
    subprocess.run(["git", "init", "-q", made / "repo"], check=True)
    subprocess.run(["git", "init", "-q", "--bare", made / "bare.git"], check=True)
    (made / "repo" / "sub").mkdir()
    (made / "plain").mkdir()
    return made


@pytest.fixture
def refuse(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Load a text that is refused; return the lines of the message."""
    monkeypatch.chdir(folder)

    def load_refused(text: str, **environ: str) -> list[str]:
        (folder / "ennio.toml").write_text(text)
        with pytest.raises(ConfigError) as raised:
            load(folder / "ennio.toml", environ={"HOME": "/home/me"} | environ)
        return str(raised.value).splitlines()

    return load_refused


PROJECT = '[[projects]]\nname = "p"\npath = "repo"\nagent = "demo"\n'

ALONE = [
    ("prot = 1", "1: `prot` is no key here; did you mean `port`?"),
    ("[timeouts]\nsapwn = 1", "2: `timeouts.sapwn` is no key here; did you mean `spawn`?"),
    ("[timeouts]\nzzz = 1", "2: `timeouts.zzz` is no key here; there are: kill, kill_grace, send, spawn"),
    (f"{PROJECT}brunch = 'x'", "5: `projects[0].brunch` is no key here; there are: agent, agent_config"),
    (
        f"{PROJECT}agent_config.modle = 'x'",
        "5: `projects[0].agent_config.modle` is no key here; did you mean `model`?",
    ),
    ("[agents.x]\ncomand = []", "2: `agents.x.comand` is no key here; did you mean `command`?"),
    (
        "[reactions.ci-failed]\nenabld = true",
        "2: `reactions.ci-failed.enabld` is no key here; did you mean `enabled`?",
    ),
    ("[reactions.ci-fail]", "1: `reactions.ci-fail` is no key here; did you mean `ci-failed`?"),
    ("[[budgets]]\nscope = 'globl'", "2: `budgets[0].scope` must be 'global', 'project' or 'session'"),
    ("port = '3000'", "1: `port` must be a whole number, not text"),
    ("port = 3000.0", "1: `port` must be a whole number, not a fraction"),
    ("port = true", "1: `port` must be a whole number, not a boolean"),
    ("port = 65536", "1: `port` must be at most 65535"),
    ("port = -1", "1: `port` must be at least 0"),
    ("host = 3", "1: `host` must be text, not a whole number"),
    ("cors_origins = 'x'", "1: `cors_origins` must be a list, not text"),
    ("timeouts = []", "1: `timeouts` must be a table, not a list"),
    ("projects = {}", "1: `projects` must be a list, not a table"),
    ("idle_after = 0", "1: `idle_after` must be greater than 0"),
    ("idle_after = nan", "1: `idle_after` must be "),
    ("idle_after = inf", "1: `idle_after` must be a finite number"),
    (f"idle_after = {10**400}", "1: `idle_after` must be a number, not one so large"),
    ("idle_after = true", "1: `idle_after` must be a number, not a boolean"),
    ("[timeouts]\nspawn = -inf", "2: `timeouts.spawn` must be "),
    ("[timeouts]\nkill_grace = -1", "2: `timeouts.kill_grace` must be at least 0"),
    (
        "[timeouts]\nkill = 5\nkill_grace = 5",
        "3: `timeouts.kill_grace` must be less than `timeouts.kill`, which is 5",
    ),
    (
        "[timeouts]\nkill_grace = 15",
        "2: `timeouts.kill_grace` must be less than `timeouts.kill`, which is 15",
    ),
    ("[limits]\noutput_bytes = 65535", "2: `limits.output_bytes` must be at least 65536"),
    ("[limits]\nwall_clock = 0", "2: `limits.wall_clock` must be greater than 0"),
    ("[limits]\nmemory_mb = 1.5", "2: `limits.memory_mb` must be a whole number, not a fraction"),
    ("[limits]\nturns = 0", "2: `limits.turns` must be at least 1"),
    ("[restart]\nintensity = 0", "2: `restart.intensity` must be at least 1"),
    ("[restart]\nintensity = 3", "2: `restart.intensity` does nothing: the `policy` is `never`"),
    ("[restart]\nperiod = 3", "2: `restart.period` does nothing: the `policy` is `never`"),
    ("orphan_timeout = 0", "1: `orphan_timeout` must be greater than 0"),
    ("on_shutdown = 'stay'", "1: `on_shutdown` must be 'stop' or 'detach'"),
    ("host = '${NOPE}'", "1: `host` uses ${NOPE}, which is not set in the environment"),
    ('host = "a\\u0000b"', "1: `host` holds a NUL character"),
    ("host = ''", "1: `host` must be a host name or an IP address"),
    ("host = '[::1]'", "1: `host` must be a host name or an IP address"),
    ("host = '0.0.0.0'", "1: `host` is reachable from other machines, which needs an `api_token`"),
    ("host = '::'", "1: `host` is reachable from other machines, which needs an `api_token`"),
    ("host = 'example.com'", "1: `host` is reachable from other machines, which needs an `api_token`"),
    (
        "allowed_hosts = ['a', 'b:80']",
        "1: `allowed_hosts[1]` must be a host name or an IP address, without port",
    ),
    ("allowed_hosts = ['*']", "1: `allowed_hosts[0]` must be a host name or an IP address, without port"),
    ("api_token = ''", "1: `api_token` must be printable ASCII without spaces, and not empty"),
    ("api_token = 'a b'", "1: `api_token` must be printable ASCII without spaces, and not empty"),
    ("data_dir = ' '", "1: `data_dir` must not be blank"),
    ("database_url = 'sqlite:'", "1: `database_url` must name the file that `sqlite:` is to use"),
    ("database_url = 'sqlite:///'", "1: `database_url` must name the file that `sqlite:` is to use"),
    ("database_url = 'sqlite::memory:'", "1: `database_url` must name the file that `sqlite:` is to use"),
    (
        "database_url = 'sqlite://host/x'",
        "1: `database_url` has the scheme `sqlite`, which is not supported; it takes `sqlite:PATH`",
    ),
    (
        "database_url = 'postgres://h/d'",
        "1: `database_url` has the scheme `postgres`, which is not supported; it takes `sqlite:PATH` and "
        "`postgresql://...`",
    ),
    (
        "database_url = 'postgresql+psycopg://h/d'",
        "1: `database_url` has the scheme `postgresql+psycopg`, which is not supported",
    ),
    ("database_url = 'mysql://h/d'", "1: `database_url` has the scheme `mysql`, which is not supported"),
    ("database_url = 'ennio.db'", "1: `database_url` is no URL of a database; it takes `sqlite:PATH`"),
    ("database_url = 'postgresql://u:p/w@h/d'", "1: `database_url` is no valid URL; in names and passwords"),
    ("retention.days = 0", "1: `retention.days` must be greater than 0"),
    ("retention.days = 1e9", "1: `retention.days` must be at most 100000"),
    ("retention.days = true", "1: `retention.days` must be a number, not a boolean"),
    ("tls_cert = 'x'", "1: `tls_cert` does nothing without `tls_key`"),
    ("tls_key = 'x'", "1: `tls_key` does nothing without `tls_cert`"),
    ("tls_key = 'no'\ntls_cert = 'plain'", "1: `tls_key` cannot be read: No such file or directory"),
    ("tls_key = 'no'\ntls_cert = 'plain'", "2: `tls_cert` cannot be read: Is a directory"),
    (
        "[defaults]\nagent = 'dmo'",
        "2: `defaults.agent` names the agent 'dmo', which nobody defines; did you mean `demo`?",
    ),
    (
        "[defaults]\nruntime = 'x'",
        "2: `defaults.runtime` names the runtime 'x', which nobody defines; there are: process",
    ),
    (
        "[defaults]\nworkspace = 'clon'",
        "2: `defaults.workspace` names the workspace 'clon', which nobody defines; did",
    ),
    ("[agents.'a b']\ncommand = ['x']", "1: `agents.'a b'` must be 1 to 64 of A-Z a-z 0-9 - _"),
    ("[agents.x]", "1: `agents.x` has no `command`, and no agent of that name is built in; there are: "),
    (
        "[agents.dmo]\nenv = {}",
        "1: `agents.dmo` has no `command`, and no agent of that name is built in; did you mean",
    ),
    ("[agents.x]\ncommand = []", "2: `agents.x.command` must not be empty"),
    ("[agents.x]\ncommand = ['']", "2: `agents.x.command[0]` must name a program"),
    ("[agents.x]\ncommand = ['x']\nprogram = 'y'", "3: `agents.x.program` is for built-in agents"),
    ("[agents.demo]\ncommand = ['x']", "2: `agents.demo.command` is for custom agents"),
    ("[agents.demo]\nprotocol = 'lines'", "2: `agents.demo.protocol` is for custom agents"),
    (
        "[agents.x]\ncommand = ['x', '{promt}']",
        "2: `agents.x.command[1]` holds a name in braces that is no placeholder; did you mean `prompt`?",
    ),
    (
        "[agents.x]\ncommand = ['x', '{{prompt}}']",
        "2: `agents.x.command[1]` holds `{{...}}`; a placeholder stands",
    ),
    ("[agents.demo]\nenv = {'A=B' = 'x'}", "2: `agents.demo.env.'A=B'` is no name of a variable"),
    ("[agents.demo]\nenv = {A = 1}", "2: `agents.demo.env.A` must be text, not a whole number"),
    ("[agents.demo]\nenv = {ENNIO_MARK = 'x'}", "2: `agents.demo.env.ENNIO_MARK` is set by ennio itself"),
    ("[[projects]]\npath = 'repo'\nagent = 'demo'", "1: `projects[0].name` is missing"),
    ("[[projects]]\nname = 'p'\nagent = 'demo'", "1: `projects[0].path` is missing"),
    (
        PROJECT.replace("demo", "none"),
        "4: `projects[0].agent` names the agent 'none', which nobody defines; there are",
    ),
    (
        PROJECT.replace("demo", "command"),
        "4: `projects[0].agent` names the agent 'command', which nobody defines",
    ),
    (
        PROJECT + "runtime = 'proces'",
        "5: `projects[0].runtime` names the runtime 'proces', which nobody defines; did",
    ),
    (PROJECT.replace('"p"', '"my app"'), "2: `projects[0].name` cannot be the project's id too"),
    (PROJECT + "project_id = 'a.b'", "5: `projects[0].project_id` must be 1 to 64 of A-Z a-z 0-9 - _"),
    (PROJECT + PROJECT, "6: `projects[1].name` is the id of another project already: `projects[0].name`"),
    (
        PROJECT.replace("repo", "none"),
        "3: `projects[0].path` is no folder; it must be a git repository on this",
    ),
    (PROJECT.replace("repo", "plain"), "3: `projects[0].path` is no git repository: not a git repository"),
    (PROJECT.replace("repo", "repo/sub"), "3: `projects[0].path` is a folder inside of a git repository"),
    (PROJECT.replace("repo", "repo/.git"), "3: `projects[0].path` is a folder inside of a git repository"),
    (
        PROJECT.replace("repo", "bare.git/refs"),
        "3: `projects[0].path` is a folder inside of a git repository",
    ),
    (PROJECT + "repo = '--upload-pack=x'", "5: `projects[0].repo` must not begin with `-`"),
    (PROJECT + "default_branch = 'a..b'", "5: `projects[0].default_branch` is no valid branch name"),
    (
        PROJECT + "session_prefix = 'a.b'",
        "5: `projects[0].session_prefix` must be 1 to 55 of A-Z a-z 0-9 - _",
    ),
    (PROJECT + f"session_prefix = '{'a' * 56}'", "5: `projects[0].session_prefix` must be 1 to 55 of"),
    (PROJECT + "session_prefix = ''", "5: `projects[0].session_prefix` must be 1 to 55 of"),
    (PROJECT + "max_sessions = 0", "5: `projects[0].max_sessions` must be at least 1"),
    (PROJECT + "agent_rules = ['a', ' ']", "5: `projects[0].agent_rules[1]` must not be blank"),
    (PROJECT + "post_create = ['']", "5: `projects[0].post_create[0]` must not be blank"),
    (
        "[restart]\npolicy = 'always'\n" + PROJECT + "restart = { policy = 'never', period = 3 }",
        "7: `projects[0].restart.period` does nothing: the `policy` is `never`",
    ),
    (PROJECT + "limits.output_bytes = 1", "5: `projects[0].limits.output_bytes` must be at least 65536"),
]


@pytest.mark.parametrize(("text", "message"), ALONE)
def test_a_key_that_is_wrong_is_refused(refuse: Refuse, text: str, message: str) -> None:
    assert any(line.startswith(f"ennio.toml:{message}") for line in refuse(text)), refuse(text)


def test_a_project_without_an_agent_needs_the_default_one(
    refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ("agents", "runtimes", "workspaces")
    there = {kind: frozenset({"demo", "process", "worktree"}) for kind in kinds}
    monkeypatch.setattr("ennio.supervisor.config.installed", lambda: there)
    (line,) = refuse(PROJECT.replace('agent = "demo"', ""))
    says = "is not given, and its default `claude-code` is not installed; there are: demo, "
    assert line.startswith(f"ennio.toml:1: `projects[0].agent` {says}")


@pytest.mark.parametrize(
    "origin",
    [
        "example.com",
        "*",
        "null",
        "https://",
        "https://a/",
        "https://a/b",
        "https://a?b",
        "https://u@a",
        "https://*.a",
        "https://A",
        "https://a:443",
        "http://a:80",
        "https://a:065",
        "https://a:65536",
        "https://[::01]",
        "https://ä",
        "file://a",
        "https://a\n",
    ],
)
def test_what_no_browser_sends_is_no_origin(refuse: Refuse, origin: str) -> None:
    (line,) = refuse(f"cors_origins = ['''{origin}''']")
    assert line.startswith("ennio.toml:1: `cors_origins[0]` must ")


@pytest.mark.parametrize("target", ["/etc/x", "../x", "a/../../x", ".", "", ".git", ".git/hooks", "./.git/x"])
def test_a_link_does_not_leave_the_workspace(refuse: Refuse, target: str) -> None:
    (line,) = refuse(
        PROJECT + f"symlinks = [\n {{source='a', target='a'}},\n {{source='b', target='{target}'}}\n]"
    )
    assert line.startswith("ennio.toml:7: `projects[0].symlinks[1].target` must ")


@pytest.mark.parametrize("targets", [("a", "a/b"), ("a/b", "a"), ("a", "./a")])
def test_a_link_inside_of_another_is_refused(refuse: Refuse, targets: tuple[str, str]) -> None:
    links = ", ".join(f"{{source='x', target='{target}'}}" for target in targets)
    (line,) = refuse(PROJECT + f"symlinks = [{links}]")
    assert "`projects[0].symlinks[1].target` is in the way of `projects[0].symlinks[0].target`" in line


def test_all_problems_are_told_together_in_the_order_of_the_file(refuse: Refuse) -> None:
    lines = refuse("port = true\nhost = '${NOPE}'\nprot = 1\nbudgets = [{}]\ntimeouts = 3\n")
    assert [line.split(": ")[0] for line in lines] == [f"ennio.toml:{n}" for n in (1, 2, 3, 4, 4, 4, 5)]


@pytest.mark.parametrize(
    "text",
    [
        "api_token = '${T} '",
        "api_token = ['${T}']\nport = '${T}'",
        "host = '${T}!'",
        "database_url = '${T}'",
        "database_url = '${T}://x'",
        "database_url = 'postgresql://u:${T}/w@h/d'",
        "database_url = 'mysql://u:${T}@h/d'",
        "[defaults]\nagent = '${T}'\nruntime = '${T}'",
        "[[projects]]\nname = '${T} x'\npath = '/'\nagent = '${T}'\ndefault_branch = '${T}..'",
        "cors_origins = ['${T}']\non_shutdown = '${T}'\n[agents.x]\ncommand = ['{${T}}']",
        "[[projects]]\nname = 'p'\npath = 'repo'\nagent = 'demo'\nrepo = '-${T}'\nsession_prefix = '${T}.'",
    ],
)
def test_no_value_of_a_variable_is_in_a_message(refuse: Refuse, text: str) -> None:
    assert "s3cret" not in "\n".join(refuse(text, T="s3cret"))


@pytest.mark.parametrize("token", ["s3cret token", "s3cret\\u0000", "s3crét", "s3cret${X"])
def test_a_written_token_is_in_no_message(refuse: Refuse, token: str) -> None:
    assert "s3cr" not in "\n".join(refuse(f'api_token = "{token}"\nport = true'))
