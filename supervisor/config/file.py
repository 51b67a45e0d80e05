"""The file itself: where it is, what stands in it, and in which line."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .problems import DEEPEST, Key, dotted, line_of, located, walk
from .toml import Places
from .yaml import YamlFault, parse

NAMES = ("ennio.toml", "ennio.yaml", "ennio.yml")
_LARGEST = 1 << 20
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: plain data, and the line of each key. `name` is how messages call it.

    `open_to_others`: users beside its owner may read it.
    """

    path: Path
    name: str
    data: dict[str, Any]
    lines: Mapping[Key, int]
    open_to_others: bool


def find(start: Path) -> Path | None:
    """Return the configuration that is nearest to a folder: in it, or in the first above that has one.

    Raises `ConfigError` where one folder holds several, since either could be meant.
    """
    start = _absolute(start)
    for folder in (start, *start.parents):
        there = [folder / name for name in NAMES if os.path.isfile(folder / name)]
        if len(there) > 1:
            names = " and ".join(path.name for path in there)
            raise ConfigError(f"{folder} holds {names}: keep one of them, or say which with --config FILE")
        if there:
            return there[0]
    return None


def read(path: Path) -> Document:
    """Read a TOML file, or a YAML one if its name ends so. Raises `ConfigError`."""
    path = _absolute(path)
    name = _shown(path)
    text, mode = _text(path, name)
    data, lines = (_yaml if path.suffix.lower() in {".yaml", ".yml"} else _toml)(text, name)
    if not isinstance(data, dict):
        raise ConfigError(located(name, 1, "the file must be a table of keys"))
    return Document(path, name, data, lines, bool(mode & (stat.S_IRGRP | stat.S_IROTH)))


def _absolute(path: Path) -> Path:
    try:
        return Path(os.path.abspath(path))
    except FileNotFoundError as error:
        raise ConfigError("the current folder is gone: go elsewhere, and start again") from error


def _shown(path: Path) -> str:
    try:
        shown = str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        shown = str(path)
    return shown if shown.isprintable() else ascii(shown)


def _text(path: Path, name: str) -> tuple[str, int]:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "that is no name of a file"
        raise ConfigError(f"{name}: the configuration cannot be read: {why}") from error
    if len(content) > _LARGEST:
        raise ConfigError(f"{name}: the configuration is larger than {_LARGEST >> 20} MiB")
    try:
        return content.decode("utf-8-sig"), mode
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(located(name, line, "the file is not in UTF-8")) from None


def _yaml(text: str, name: str) -> tuple[Any, dict[Key, int]]:
    try:
        return parse(text)
    except YamlFault as fault:
        raise ConfigError(located(name, fault.line, str(fault))) from fault
    except RecursionError:
        raise ConfigError(f"{name}: {_too_deep()}") from None


def _toml(text: str, name: str) -> tuple[Any, dict[Key, int]]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _toml_fault(text, name, error) from error
    except ValueError as error:
        raise ConfigError(f"{name}: a number in it has too many digits") from error
    except RecursionError:
        raise ConfigError(f"{name}: {_too_deep()}") from None
    lines = Places(text).lines
    for key, _ in walk(data):
        if len(key) > DEEPEST:
            raise ConfigError(located(name, line_of(key, lines), _too_deep()))
    return data, lines


def _toml_fault(text: str, name: str, error: tomllib.TOMLDecodeError) -> ConfigError:
    place = _TOML_PLACE.search(str(error))
    line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
    for key, again, before in Places(text).twice:
        if again <= line:
            return ConfigError(
                located(name, again, f"`{dotted(key)}` is given twice, first in line {before}")
            )
    says = _TOML_PLACE.sub("", str(error))
    return ConfigError(located(name, line, f"this is no valid TOML: {says[:1].lower()}{says[1:]}"))


def _too_deep() -> str:
    return f"tables and lists stand deeper than {DEEPEST} in each other"
