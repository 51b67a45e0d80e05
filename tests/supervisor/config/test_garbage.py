"""Every file is a configuration or one ConfigError, and the same in TOML and in YAML."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, get_origin

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ennio.supervisor.config import Config, load
from ennio.supervisor.config.file import read
from ennio.supervisor.config.problems import walk
from ennio.supervisor.config.schema import Settings, known_keys, table_at
from ennio.supervisor.errors import ConfigError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a git repository in `repo`."""
    made = tmp_path_factory.mktemp("garbage")
    subprocess.run(["git", "init", "-q", made / "repo"], check=True)
    return made


def toml(value: Any) -> str:
    """Write a value as TOML; tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(name)} = {toml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def document(data: dict[str, Any]) -> str:
    return "\n".join(f"{toml(name)} = {toml(value)}" for name, value in data.items())


def outcome(path: Path, text: str) -> Config | set[str]:
    """The configuration, or what is wrong with it without the places."""
    path.write_text(text, encoding="utf-8")
    try:
        config = load(path, environ={"HOME": "/home/me", "SET": "x"})
    except ConfigError as error:
        return {re.sub(r"^[^`]*", "", line) for line in str(error).splitlines()}
    return replace(config, file=Path("/"), warnings=())


def every_name(key: tuple[str | int, ...] = ()) -> set[str]:
    table = table_at(key)
    keys = known_keys(table) if table else {}
    below = (
        (*key, name, *{dict: ("x",), list: (0,)}.get(get_origin(kind), ())) for name, kind in keys.items()
    )
    return set(keys).union(*map(every_name, below))


def some(keys: dict[str, st.SearchStrategy[Any]], **needed: st.SearchStrategy[Any]) -> Any:
    return st.fixed_dictionaries(needed, optional=keys)


NAMES = sorted(every_name())
SCALARS = (
    st.none().map(lambda _: True)
    | st.integers()
    | st.sampled_from([10**400, -1, 0])
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["repo", "demo", "never", "${SET}", "${UNSET}", "$${", "${", "process", "x\0", "../x"])
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)
ODD = st.dictionaries(st.sampled_from(sorted(known_keys(Settings))) | st.text(max_size=9), PLAIN, max_size=5)

seconds = st.floats(0.01, 1e6) | st.integers(1, 10**6)
lines = st.lists(
    st.text("ab ${}:#'\"\\\n", max_size=8).map(lambda text: f"r{text.replace('$', '')}"), max_size=2
)
hearers = st.lists(st.sampled_from(["a", "b"]), max_size=2)
reaction = some(
    {
        "enabled": st.booleans(),
        "action": st.sampled_from(["send_to_agent", "notify", "auto_merge"]),
        "retries": st.integers(-1, 9),
        "escalate_after": seconds,
        "threshold": seconds,
    }
)
reactions = some({"ci-failed": reaction, "agent-stuck": reaction, "approved-and-green": reaction})
LIKELY = some(
    {
        "host": st.sampled_from(["localhost", "::1", "0.0.0.0", "nope!"]),
        "port": st.integers(-1, 70000),
        "api_token": st.sampled_from(["${SET}", "abc", "a b"]),
        "cors_origins": st.lists(
            st.sampled_from(["https://a.example", "http://b:81", "https://a/"]), max_size=2
        ),
        "data_dir": st.sampled_from(["state", "/state", "~/x"]),
        "idle_after": seconds,
        "timeouts": some({"spawn": seconds, "kill": seconds, "kill_grace": seconds}),
        "limits": some({"output_bytes": st.integers(60000, 10**12)}),
        "agents": some(
            {
                "mine": some(
                    {
                        "command": lines,
                        "protocol": st.sampled_from(["lines", "acp", "one-shot"]),
                        "resume": st.sampled_from([["x", "{conversation_id}"], ["{message_file}"]]),
                        "ready": st.lists(st.text("ab[]()*\\{}?^|1,", max_size=6), max_size=2),
                        "env": some({"A": st.text(max_size=5)}),
                    }
                )
            }
        ),
        "restart": some({"policy": st.sampled_from(["never", "always"])}),
        "approvals": some({"policy": st.sampled_from(["ask", "deny"]), "deadline": seconds}),
        "budgets": st.lists(
            some(
                {
                    "project_id": st.sampled_from(["a", "b"]),
                    "reserve_usd": st.floats(0, 9) | st.integers(0, 9),
                },
                scope=st.sampled_from(["global", "project", "session"]),
                period=st.sampled_from(["daily", "total"]),
                limit_usd=st.floats(0.001, 1e6) | st.integers(0, 9),
            ),
            max_size=2,
        ),
        "prices": st.dictionaries(st.text(max_size=5), some({}, input=st.floats(0, 9), output=st.just(1))),
        "notifiers": st.lists(
            some(
                {"config": st.just({"url": "http://${SET}"})},
                name=st.sampled_from(["a", "b"]),
                plugin=st.sampled_from(["slack", "desktop", "sms"]),
            ),
            max_size=2,
        ),
        "notification_routing": some({"ci-failed": hearers, "agent-stuck": hearers}),
        "reactions": reactions,
        "projects": st.lists(
            some(
                {
                    "max_sessions": st.integers(0, 9),
                    "agent_rules": lines,
                    "post_create": lines,
                    "notifiers": hearers,
                    "reactions": reactions,
                    "scm_config": some({}, plugin=st.sampled_from(["github", "linear"])),
                },
                name=st.sampled_from(["a", "b", "c d"]),
                path=st.just("repo"),
                agent=st.sampled_from(["demo", "mine"]),
            ),
            max_size=2,
        ),
    }
)
quick = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@quick
@given(data=LIKELY | ODD)
def test_the_same_content_in_toml_and_yaml_is_the_same_configuration(
    folder: Path, data: dict[str, Any]
) -> None:
    in_toml = outcome(folder / "same.toml", document(data))
    assert in_toml == outcome(folder / "same.yaml", yaml.safe_dump(data, sort_keys=False))


@quick
@given(data=LIKELY | ODD)
def test_every_key_of_a_file_has_a_line(folder: Path, data: dict[str, Any]) -> None:
    for name, text in (("lines.toml", document(data)), ("lines.yaml", yaml.safe_dump(data))):
        (folder / name).write_text(text, encoding="utf-8")
        assert read(folder / name).lines.keys() - {()} == {key for key, _ in walk(data)} - {()}


@pytest.mark.parametrize("suffix", ["toml", "yaml"])
@quick
@given(text=st.text() | st.text("[]{}.,:=\"'\n#&*!|>-%@a1 ", max_size=60))
def test_any_text_is_a_configuration_or_one_error(folder: Path, suffix: str, text: str) -> None:
    outcome(folder / f"any.{suffix}", text)


@pytest.mark.parametrize("suffix", ["toml", "yaml"])
@quick
@given(data=LIKELY | ODD, cut=st.integers(0, 400), instead=st.text("[]{}\"'=\n:,a1-", max_size=4))
def test_a_damaged_file_is_a_configuration_or_one_error(
    folder: Path, suffix: str, data: dict[str, Any], cut: int, instead: str
) -> None:
    text = document(data) if suffix == "toml" else yaml.safe_dump(data)
    outcome(folder / f"damaged.{suffix}", text[:cut] + instead + text[cut + 1 :])
