"""What `${VAR}` becomes."""

import pytest

from ennio.supervisor.config.variables import expand


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
