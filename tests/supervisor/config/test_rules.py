"""Keys together, and this machine: who gets in, certificates, agents, and repositories."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

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


@pytest.mark.parametrize(
    ("model", "command", "says"),
    [
        ("agent_config.model = 'm'", "['x']", "does nothing: the agent's command holds no {model}"),
        ("", "['x', '--model={model}']", "is missing: the agent's command holds {model}"),
    ],
)
def test_a_model_and_a_command_that_takes_one_go_together(
    refuse: Refuse, model: str, command: str, says: str
) -> None:
    (line,) = refuse(f"{PROJECT.replace('demo', 'x')}{model}\n[agents.x]\ncommand = {command}")
    assert line.endswith(f": `projects[0].agent_config.model` {says}")


@pytest.mark.parametrize(
    ("agent", "key"),
    [
        ("env = {A = '${T}'}", "env.A"),
        ("env = {A = 'x-long-token-x'}", "env.A"),
        ("env = {A = '${OTHER}'}", "env.A"),
    ],
)
def test_the_token_is_not_handed_to_agents(refuse: Refuse, agent: str, key: str) -> None:
    (line,) = refuse(f"api_token = '${{T}}'\n[agents.demo]\n{agent}", T="long-token", OTHER="long-token")
    assert line.startswith(f"ennio.toml:3: `agents.demo.{key}` ")
    assert "API token" in line
    assert "long-token" not in line


def test_the_tokens_variable_is_used_nowhere_else(refuse: Refuse) -> None:
    (line,) = refuse(f"api_token = '${{T}}'\n{PROJECT}post_create = ['echo ${{T}}']", T="t")
    assert line.startswith("ennio.toml:6: `projects[0].post_create[0]` uses ${T}, which is the API token's")


def test_a_short_token_inside_other_words_is_a_coincidence(folder: Path) -> None:
    (folder / "ennio.toml").write_text("api_token = 't'\n[agents.x]\ncommand = ['cat']")
    assert load(folder / "ennio.toml", environ={"HOME": "/"}).agents["x"].command == ("cat",)


def test_a_bare_repository_and_a_linked_worktree_are_repositories(folder: Path, tmp_path: Path) -> None:
    git = ["git", "-C", str(folder / "repo"), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run([*git, "worktree", "add", "-q", tmp_path / "tree"], check=True, stderr=subprocess.DEVNULL)
    for path in (folder / "bare.git", tmp_path / "tree"):
        (tmp_path / "ennio.toml").write_text(PROJECT.replace("repo", str(path)))
        assert load(tmp_path / "ennio.toml", environ={"HOME": "/"}).projects[0].path == path


def test_git_is_not_led_elsewhere_by_the_servers_environment(
    refuse: Refuse, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(folder / "repo" / ".git"))
    assert "is no git repository" in refuse(PROJECT.replace("repo", "plain"))[0]


def test_without_git_a_repository_cannot_be_looked_at(
    refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (line,) = refuse(PROJECT)
    assert line.endswith("`projects[0].path` cannot be looked at: there is no `git` on PATH")


def test_a_certificate_needs_its_own_unencrypted_key(refuse: Refuse, folder: Path) -> None:
    one, other = (trustme.CA().issue_cert("localhost") for _ in range(2))
    one.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    one.private_key_pem.write_to_path(str(folder / "key.pem"))
    other.private_key_pem.write_to_path(str(folder / "other.pem"))
    key = serialization.load_pem_private_key(one.private_key_pem.bytes(), password=None)
    encrypted = serialization.BestAvailableEncryption(b"x")
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "locked.pem").write_bytes(key.private_bytes(*form, encrypted))
    (folder / "ennio.toml").write_text("tls_cert = 'cert.pem'\ntls_key = 'key.pem'")
    config = load(folder / "ennio.toml", environ={"HOME": "/"})
    assert (config.tls_cert, config.tls_key) == (folder / "cert.pem", folder / "key.pem")
    for wrong in ("other.pem", "locked.pem", "cert.pem"):
        (line,) = refuse(f"tls_cert = 'cert.pem'\ntls_key = '{wrong}'")
        assert line == (
            "ennio.toml:1: `tls_cert` and `tls_key` are no PEM certificate with its own, unencrypted key"
        )


def test_a_strangers_agent_is_known_by_its_entry_point_and_not_imported(folder: Path, tmp_path: Path) -> None:
    info = tmp_path / "stranger-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[ennio.agents]\nstrange = no_such_module:Agent\n")
    (folder / "strange.toml").write_text(PROJECT.replace("demo", "strange"))
    code = "from ennio.supervisor.config import load; import pathlib, sys; "
    code += "print(load(pathlib.Path(sys.argv[1])).projects[0].agent)"
    environ = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", code, str(folder / "strange.toml")]
    assert subprocess.run(command, env=environ, check=True, capture_output=True).stdout == b"strange\n"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "0:0::1"])
def test_a_loopback_host_needs_no_token(folder: Path, host: str) -> None:
    (folder / "ennio.toml").write_text(f"host = '{host}'")
    assert load(folder / "ennio.toml", environ={"HOME": "/"}).host in {
        "localhost",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
    }


def test_a_host_for_everyone_is_taken_with_a_token(folder: Path) -> None:
    (folder / "ennio.toml").write_text(
        "host = '0.0.0.0'\nallowed_hosts = ['Ennio.example', '::01']\napi_token = '${T}'"
    )
    config = load(folder / "ennio.toml", environ={"HOME": "/", "T": "t"})
    assert (config.host, config.allowed_hosts) == ("0.0.0.0", ("ennio.example", "::1"))


def test_origins_are_taken_as_browsers_send_them(folder: Path) -> None:
    origins = [
        "https://a.example",
        "http://localhost:5173",
        "http://[::1]:8080",
        "http://10.0.0.1",
        "tauri://localhost",
    ]
    (folder / "ennio.toml").write_text(f"cors_origins = {origins}")
    assert load(folder / "ennio.toml", environ={"HOME": "/"}).cors_origins == tuple(origins)
