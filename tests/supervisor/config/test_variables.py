"""What `${VAR}` becomes."""

import subprocess
from pathlib import Path

import pytest

from ennio.supervisor.config import load
from ennio.supervisor.config.variables import expand
from ennio.supervisor.errors import ConfigError


def test_variables_are_put_in_once_and_in_any_string() -> None:
    data = {"a": ["x${A}y${B}", 1], "b": {"c": "$${A} $A {A}"}, "d": "${C}"}
    expansion = expand(data, {"A": "1", "B": "", "C": "${A}"})
    assert expansion.data == {"a": ["x1y", 1], "b": {"c": "${A} $A {A}"}, "d": "${A}"}
    assert expansion.used == {("a", 0): {"A", "B"}, ("d",): {"C"}}
    assert expansion.problems == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${A} ${NOPE}", "uses ${NOPE}, which is not set in the environment"),
        ("${HOME:-x}", "holds `${` that begins no ${VARIABLE}; write `$${` for a literal `${`"),
        ("${A", "holds `${` that begins"),
        ("${}", "holds `${` that begins"),
        ("a\0b", "holds a NUL character"),
        ("${BAD}", "is not valid Unicode"),
    ],
)
def test_a_variable_that_cannot_be_put_in_is_a_problem(text: str, says: str) -> None:
    expansion = expand({"k": [text]}, {"A": "s3cret", "BAD": "\udcff"})
    (problem,) = expansion.problems
    assert problem.key == ("k", 0)
    assert problem.says.startswith(says)


def test_the_variables_of_secrets_are_told_from_others() -> None:
    plugin = {"config": {"token": "${T}"}}
    data = {
        "api_token": "${A}",
        "database_url": "x:${D}",
        "notifiers": [{"config": {"url": ["${N}"]}}],
        "projects": [{"path": "${P}", "tracker_config": plugin, "scm_config": {"config": {"token": "${S}"}}}],
        "agents": {"x": {"env": {"K": "${K}", "AGAIN": "${T}"}}},
    }
    environ = {name: name for name in "ADNPTSK"}
    assert expand(data, environ).secret_variables() == {"A", "D", "N", "T", "S"}


SECRETS = """
api_token = "${TOKEN}"
database_url = "${DATABASE}"

[[notifiers]]
name = "ops"
plugin = "webhook"
config = { url = "${HOOK}" }

[[projects]]
name = "a"
path = "repo"
agent = "cat"
scm_config = { plugin = "github", config = { owner = "o", repo = "r", token = "${GITHUB}" } }

[agents.cat]
command = ["cat"]
"""


def test_whoever_does_not_serve_needs_no_secret_but_the_api_token(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "repo")], check=True)
    file = tmp_path / "ennio.toml"
    file.write_text(SECRETS)
    config = load(file, environ={"TOKEN": "t0ken-t0ken", "HOME": "/"}, serving=False)
    assert config.api_token is not None
    assert config.secret_variables >= {"TOKEN"}
    with pytest.raises(ConfigError, match=r"uses \$\{(DATABASE|HOOK|GITHUB)\}"):
        load(file, environ={"TOKEN": "t0ken-t0ken", "HOME": "/"})
    with pytest.raises(ConfigError, match="api_token"):
        load(file, environ={"HOME": "/"}, serving=False)
