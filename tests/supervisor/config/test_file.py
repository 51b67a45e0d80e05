"""The file: where it is found, how it is read, and in which line each key stands."""

from pathlib import Path

import pytest

from ennio.supervisor.config import find, load
from ennio.supervisor.config.file import read
from ennio.supervisor.config.problems import Key, dotted, matches
from ennio.supervisor.errors import ConfigError


def lines_of(tmp_path: Path, text: str, name: str = "ennio.toml") -> dict[str, int]:
    (tmp_path / name).write_text(text)
    return {dotted(key): line for key, line in read(tmp_path / name).lines.items() if key}


def refused(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as raised:
        load(path, environ={})
    return str(raised.value)


def test_the_nearest_file_upward_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "ennio.toml").touch()
    assert find(deep) == tmp_path / "ennio.toml"
    (tmp_path / "a" / "ennio.yaml").touch()
    assert find(deep) == tmp_path / "a" / "ennio.yaml"
    (deep / "ennio.toml").mkdir()
    assert find(deep) == tmp_path / "a" / "ennio.yaml"


def test_a_folder_with_two_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ennio.toml").touch()
    (tmp_path / "ennio.yml").touch()
    with pytest.raises(ConfigError, match=r"ennio\.toml and ennio\.yml"):
        find(tmp_path)


def test_without_a_path_the_nearest_file_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    with pytest.raises(
        ConfigError, match=r"there is no ennio\.toml or ennio\.yaml in this folder or above; --config FILE"
    ):
        load()
    (tmp_path / "ennio.toml").write_text("port = 4000")
    assert load().port == 4000


def test_a_current_folder_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for path in (None, Path("ennio.toml")):
        with pytest.raises(ConfigError, match="the current folder is gone"):
            load(path)


def test_messages_name_the_file_as_seen_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(tmp_path / "ennio.toml", "port = true").startswith("ennio.toml:1: `port` ")
    monkeypatch.chdir("/")
    path = str((tmp_path / "ennio.toml").relative_to("/"))
    assert refused(tmp_path / "ennio.toml", "port = true").startswith(f"{path}:1: `port` ")


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ennio\.toml: the configuration cannot be read: No such file"):
        load(tmp_path / "ennio.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.toml", b"a = 1\nb = '\xff'", "x.toml:2: the file is not in UTF-8"),
        ("x.toml", "#" * (1 << 20) + "#", "x.toml: the configuration is larger than 1 MiB"),
        ("x.toml", "a = 1\nb = \n", "x.toml:2: this is no valid TOML: invalid value"),
        ("x.toml", "a = 1\n\nb = [1,\n", "x.toml:3: this is no valid TOML: "),
        ("x.toml", f"a = {'9' * 5000}", "x.toml: a number in it has too many digits"),
        ("x.toml", f"a = {'[' * 50}{']' * 50}", "x.toml:1: tables and lists stand deeper than 32 "),
        ("x.toml", f"a = {'[' * 5000}", "x.toml: tables and lists stand deeper than 32 "),
        ("x.toml", f"{'a.' * 2000}a = 1", "x.toml:1: tables and lists stand deeper than 32 "),
        ("x.yaml", "a: 1\nb: [\n", "x.yaml:3: this is no valid YAML: "),
        ("x.yaml", "- a", "x.yaml:1: the file must be a table of keys"),
        ("x.yaml", "port:\n", "x.yaml:1: `port` has no value; give it one or leave the key out"),
        ("x.yaml", "a: 1\n8: 1", "x.yaml:2: a key here is no text; put it in quotes"),
        ("x.yaml", "defaults:\n  on: 1", "x.yaml:2: a key in `defaults` is no text; put it in quotes"),
        ("x.yaml", "host: 2024-01-01", "x.yaml:1: `host` is a date or has a tag; put text in quotes"),
        ("x.yaml", "host: !!python/name:os.system x", "x.yaml:1: `host` is a date or has a tag"),
        ("x.yaml", "port: !!int x", "x.yaml:1: `port` is not what its tag says"),
        ("x.yaml", "a: &a {x: 1}\n<<: *a", "x.yaml:2: the merge key `<<` is not taken"),
        ("x.yaml", "a: &a\n  b: *a", "x.yaml:1: tables and lists stand deeper than 32 "),
        ("x.yaml", 'a: "\\UFFFFFFFF"', "x.yaml: an escape in it stands for no character"),
        ("x.yaml", "a: \x07", "x.yaml: it holds a character that YAML forbids"),
        ("x.yaml", f"a: {'[' * 5000}", "x.yaml: tables and lists stand deeper than 32 "),
        ("x.yaml", "a: 1\n---\nb: 2", "x.yaml:2: this is no valid YAML: expected a single document"),
    ],
)
def test_what_is_no_configuration_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | bytes, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(tmp_path / name, content).startswith(message)


def test_many_aliases_of_many_aliases_are_refused_in_no_time(tmp_path: Path) -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20))
    assert "more than 100000 values" in refused(tmp_path / "x.yaml", f"a0: &a0 [x]\n{levels}")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.toml", "port = 1\nhost = 'a'\nport = 2", ":3: `port` is given twice, first in line 1"),
        ("x.toml", "[limits]\n[timeouts]\n[limits]", ":3: `limits` is given twice, first in line 1"),
        (
            "x.toml",
            "defaults = {agent = 'a', agent = 'b'}",
            ":1: `defaults.agent` is given twice, first in line 1",
        ),
        ("x.toml", "port = '''\n'''\n\"port\" = 1", ":3: `port` is given twice, first in line 1"),
        ("x.toml", "[[projects]]\nname='a'\n[projects]\n", ":3: `projects` is given twice, first in line 1"),
        ("x.toml", "[[projects]]\n[[projects]]\npath='a'\npath='b'", ":4: `projects[1].path` is given twice"),
        ("x.yaml", "port: 1\nhost: a\nport: 2", ":3: `port` is given twice, first in line 1"),
        (
            "x.yaml",
            "defaults: {agent: a,\n  agent: b}",
            ":2: `defaults.agent` is given twice, first in line 1",
        ),
        ("x.yaml", "projects:\n- path: a\n- path: a\n  path: b", ":4: `projects[1].path` is given twice"),
    ],
)
def test_a_key_given_twice_is_named_with_both_lines(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    assert message in refused(tmp_path / name, text)


SECRETS = [
    "*s3cret",
    "!s3cret x",
    "&s3cret [",
    "s3cret: s3cret",
    "'s3cret",
    "%s3cret",
    "[s3cret",
    "{s3cret}}",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_that_breaks_the_syntax_is_not_quoted(tmp_path: Path, secret: str) -> None:
    assert "s3cret" not in refused(tmp_path / "x.yaml", f"api_token: {secret}\nx: &a 1\ny: [")
    assert "s3cret" not in refused(tmp_path / "x.toml", f"api_token = {secret}\n")


def test_every_way_to_write_toml_has_its_lines(tmp_path: Path) -> None:
    text = '''\
host = "a # [no.table]"   # [nor.this]
a.b = """
[no.table]
no = 1 \\""""
data = [  # comment, ]
  1.5,
  { x = 1, "y z" = [ "]" ] },
]

[[projects]]
name = 'it"s'
[projects.restart]
policy = "never"
[[projects]]
name = 1979-05-27 07:32:00
symlinks = [
  { source = "a", target = "b" },
  { source = "c", target = [
    "d" ] },
]
[agents."my agent".env]
A = ""
'''
    assert lines_of(tmp_path, text) == {
        "host": 1,
        "a": 2,
        "a.b": 2,
        "data": 5,
        "data[0]": 6,
        "data[1]": 7,
        "data[1].x": 7,
        "data[1].'y z'": 7,
        "data[1].'y z'[0]": 7,
        "projects": 10,
        "projects[0]": 10,
        "projects[0].name": 11,
        "projects[0].restart": 12,
        "projects[0].restart.policy": 13,
        "projects[1]": 14,
        "projects[1].name": 15,
        "projects[1].symlinks": 16,
        "projects[1].symlinks[0]": 17,
        "projects[1].symlinks[0].source": 17,
        "projects[1].symlinks[0].target": 17,
        "projects[1].symlinks[1]": 18,
        "projects[1].symlinks[1].source": 18,
        "projects[1].symlinks[1].target": 18,
        "projects[1].symlinks[1].target[0]": 19,
        "agents": 21,
        "agents.'my agent'": 21,
        "agents.'my agent'.env": 21,
        "agents.'my agent'.env.A": 22,
    }


def test_yaml_has_its_lines(tmp_path: Path) -> None:
    text = "host: a\nprojects:\n  - name: x\n    symlinks: [{source: a,\n      target: b}]\n"
    assert lines_of(tmp_path, text, "ennio.yaml") == {
        "host": 1,
        "projects": 2,
        "projects[0]": 3,
        "projects[0].name": 3,
        "projects[0].symlinks": 4,
        "projects[0].symlinks[0]": 4,
        "projects[0].symlinks[0].source": 4,
        "projects[0].symlinks[0].target": 5,
    }


def test_windows_line_ends_and_a_byte_order_mark_are_taken(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbfhost = 'a'\r\nport = 1\r\n")
    document = read(tmp_path / "x.toml")
    assert document.data == {"host": "a", "port": 1}
    assert document.lines == {("host",): 1, ("port",): 2}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (("projects", 0, "symlinks", 1, "target"), "projects[0].symlinks[1].target"),
        (("agents", "a.b", "env"), "agents.'a.b'.env"),
        (("a\nb",), r"'a\nb'"),
        ((), ""),
    ],
)
def test_a_key_is_written_as_people_do(key: Key, text: str) -> None:
    assert dotted(key) == text


def test_a_pattern_means_any_index_and_any_name() -> None:
    assert matches("projects[*].limits", ("projects", 3, "limits"))
    assert matches("agents.*.env", ("agents", "[*]", "env"))
    assert not matches("projects[*].limits", ("projects", "[*]", "limits"))
    assert not matches("agents.*", ("agents", 0))
    assert not matches("agents.*", ("agents", "x", "env"))
