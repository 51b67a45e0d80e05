"""In which line of a TOML file each key stands; the values are tomllib's matter."""

import re
import tomllib
from collections.abc import Iterator

from .problems import Key

_TOKEN = re.compile(
    r"""
      (?P<blank>   [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n )
    | (?P<string>  \"{3} (?: \\. | [^\\] )*? \"{3,5}
                 | '{3} .*? '{3,5}
                 | " (?: \\. | [^"\\\n] )* "
                 | ' [^'\n]* ' )
    | (?P<mark>    [\[\]{}=,.] )
    | (?P<bare>    [^\s\[\]{}=,.\#"']+ )
    | (?P<stray>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
_END = ("end", "", 0)


class _Lost(Exception):
    """The text is no TOML from here on."""


class Places:
    """The line of every key of a text, and the keys that are given `twice`: `(key, line, line before)`.

    For text that is no TOML it knows what comes before the fault. Tables that are written inline or
    with dotted names count like any other; `[[name]]` counts up.
    """

    def __init__(self, text: str) -> None:
        self.lines: dict[Key, int] = {}
        self.twice: list[tuple[Key, int, int]] = []
        self._given: dict[Key, int] = {}
        self._lengths: dict[Key, int] = {}
        self._tokens = list(_tokens(text))
        self._at = 0
        try:
            self._document()
        except (_Lost, RecursionError):
            return

    def _document(self) -> None:
        table: Key = ()
        while self._peek() != _END:
            if self._take("\n"):
                continue
            if self._peek()[1] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Key:
        line = self._peek()[2]
        self._take("[")
        repeated = self._take("[")
        key = self._absolute(self._names())
        if repeated:
            index = self._lengths.get(key, 0)
            self._lengths[key] = index + 1
            if index == 0:
                self._give(key, line)
            key = (*key, index)
        self._give(key, line)
        while self._take("]"):
            pass
        return key

    def _absolute(self, names: list[str]) -> Key:
        key: Key = ()
        for name in names[:-1]:
            key = (*key, name)
            if key in self._lengths:
                key = (*key, self._lengths[key] - 1)
        return (*key, names[-1])

    def _pair(self, table: Key) -> None:
        line = self._peek()[2]
        key = (*table, *self._names())
        if not self._take("="):
            raise _Lost
        self._give(key, line)
        self._value(key)

    def _value(self, key: Key) -> None:
        if self._take("["):
            self._list(key)
        elif self._take("{"):
            while not self._take("}"):
                if not (self._take("\n") or self._take(",")):
                    self._pair(key)
        else:
            while self._peek() != _END and self._peek()[1] not in {"\n", ",", "]", "}"}:
                self._at += 1

    def _list(self, key: Key) -> None:
        index = 0
        while not self._take("]"):
            if self._take("\n"):
                continue
            if self._take(","):
                index += 1
                continue
            before = self._at
            self._note((*key, index), self._peek()[2])
            self._value((*key, index))
            if self._at == before:
                raise _Lost

    def _names(self) -> list[str]:
        names = [self._name()]
        while self._take("."):
            names.append(self._name())
        return names

    def _name(self) -> str:
        kind, text, _ = self._peek()
        self._at += 1
        if kind == "bare":
            return text
        if kind != "string":
            raise _Lost
        try:
            return str(tomllib.loads(f"name = {text}")["name"])
        except ValueError as error:
            raise _Lost from error

    def _give(self, key: Key, line: int) -> None:
        if key in self._given:
            self.twice.append((key, line, self._given[key]))
        self._given[key] = line
        self._note(key, line)

    def _note(self, key: Key, line: int) -> None:
        for end in range(1, len(key) + 1):
            self.lines.setdefault(key[:end], line)

    def _peek(self) -> tuple[str, str, int]:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _take(self, mark: str) -> bool:
        kind, text, _ = self._peek()
        if kind in {"mark", "newline"} and text == mark:
            self._at += 1
            return True
        return False


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "stray"
        if kind != "blank":
            yield kind, match[0], line
        line += match[0].count("\n")
