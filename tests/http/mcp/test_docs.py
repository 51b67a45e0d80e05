"""docs/mcp.md names all tools with all their arguments, and the numbers that hold."""

import re
from pathlib import Path

from ennio.http.mcp.tools import TOOLS, ReadOutput, Wait
from ennio.http.mcp.waiting import LONGEST, WAIT
from ennio.http.views.agentapi import MOST_TEXT

PAGE = (Path(__file__).parents[3] / "docs" / "mcp.md").read_text()


def test_every_tool_stands_there_with_its_arguments_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (.+) \|$", PAGE, re.MULTILINE)
    modes = {"queue", "steer", "interrupt", "allow", "deny"}

    assert [name for name, _ in rows] == list(TOOLS)
    for name, arguments in rows:
        assert set(re.findall(r"`(\w+)`", arguments)) - modes == set(TOOLS[name].model_fields)


def test_the_numbers_are_those_that_hold() -> None:
    limit = ReadOutput.model_fields["limit"].default
    assert f"`limit` (bytes, {limit} unless told)" in PAGE
    assert Wait.model_fields["seconds"].default == WAIT
    assert f"`seconds` ({WAIT:g} unless told, at most {LONGEST:g})" in PAGE
    assert f"the last {MOST_TEXT} characters" in PAGE
