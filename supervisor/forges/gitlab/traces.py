"""The log of a GitLab job as people read it: without colours, section markers and times.

https://docs.gitlab.com/ci/jobs/job_logs/
"""

import re

KEPT = 4096
"""Characters of a log's end that are kept."""

FETCHED = 4 * KEPT
"""Bytes of it that are asked for: markers and colours may be the greater part."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_]?)")
_SECTION = re.compile(r"section_(?:start|end):\d+:[\w.-]+(?:\[[^\]\r\n]*\])?\r?")
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z [0-9a-f]{2}[OE](\+| |$)", re.MULTILINE)
"""`2024-05-22T12:43:46.962646Z 00O `: when, and on which stream; `+` goes on with the line before."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def readable(trace: str, *, cut: bool) -> str:
    """Return the end of a log, at most `KEPT` characters in whole lines; `cut`: its first line is a part."""
    _, newline, rest = trace.partition("\n")
    text = _ESCAPES.sub("", _TIME.sub("", rest if cut and newline else trace))
    text = _SECTION.sub("", text).replace("\r\n", "\n")
    text = "\n".join(_last_shown(line) for line in text.split("\n")).strip()
    if len(text) <= KEPT:
        return text
    return text[-KEPT:].partition("\n")[2] or text[-KEPT:]


def _last_shown(line: str) -> str:
    """Return what a line shows in the end: a carriage return begins it anew."""
    shown = [part for part in line.split("\r") if part.strip()]
    return _CONTROL.sub("", shown[-1]).rstrip() if shown else ""
