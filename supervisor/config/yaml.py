"""YAML as plain data with the line of each key: only what TOML can say too, and no key twice."""

import re
from typing import Any

import yaml

from .problems import DEEPEST, Key, dotted

_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool")}
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_MOST_VALUES = 100_000


class YamlFault(Exception):
    """The text cannot be taken; `line` is where, if that is known."""

    def __init__(self, says: str, line: int | None) -> None:
        super().__init__(says)
        self.line = line


def parse(text: str) -> tuple[Any, dict[Key, int]]:
    """Return what the text says, and the line of each key. Raises `YamlFault`, which quotes no value."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        raise YamlFault("it holds a character that YAML forbids", None) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlFault(
            f"this is no valid YAML: {_without_content(error)}", mark.line + 1 if mark else None
        ) from None
    except (ValueError, OverflowError) as error:
        raise YamlFault("an escape in it stands for no character", None) from error
    values = _Values()
    return ({} if root is None else values.of(root, ())), values.lines


def _without_content(error: yaml.MarkedYAMLError) -> str:
    """Return the parser's words; a quoted name in them may be a secret that was not put in quotes."""
    words = ", ".join(part for part in (error.context, error.problem) if part)
    return re.sub(r"'[^'<]{2,}'|\"[^\"<]{2,}\"", "'...'", words)


class _Values:
    def __init__(self) -> None:
        self.lines: dict[Key, int] = {}
        self._count = 0

    def of(self, node: yaml.Node, key: Key) -> Any:
        """Return what a node stands for. Aliases are followed, so depth and number are bounded."""
        self._count += 1
        if len(key) > DEEPEST:
            raise YamlFault(f"tables and lists stand deeper than {DEEPEST} in each other", _line(node))
        if self._count > _MOST_VALUES:
            raise YamlFault(f"it holds more than {_MOST_VALUES} values", _line(node))
        self.lines.setdefault(key, _line(node))
        if isinstance(node, yaml.MappingNode):
            return self._table(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.of(inner, (*key, index)) for index, inner in enumerate(node.value)]
        return _scalar(node, key)

    def _table(self, node: yaml.MappingNode, key: Key) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for name_node, value_node in node.value:
            name = _name(name_node, key)
            inner = (*key, name)
            if name in table:
                first = self.lines[inner]
                raise YamlFault(f"`{dotted(inner)}` is given twice, first in line {first}", _line(name_node))
            self.lines[inner] = _line(name_node)
            table[name] = self.of(value_node, inner)
        return table


def _name(node: yaml.Node, table: Key) -> str:
    if node.tag == _MERGE:
        raise YamlFault("the merge key `<<` is not taken; write the keys out", _line(node))
    if node.tag != "tag:yaml.org,2002:str":
        where = f"in `{dotted(table)}`" if table else "here"
        raise YamlFault(f"a key {where} is no text; put it in quotes", _line(node))
    return str(node.value)


def _scalar(node: yaml.Node, key: Key) -> Any:
    if node.tag == _NULL:
        raise YamlFault(f"`{dotted(key)}` has no value; give it one or leave the key out", _line(node))
    if node.tag not in _PLAIN:
        raise YamlFault(f"`{dotted(key)}` is a date or has a tag; put text in quotes", _line(node))
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError, KeyError, OverflowError) as error:
        raise YamlFault(f"`{dotted(key)}` is not what its tag says", _line(node)) from error


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
