"""The logs of GitHub's jobs, as they are worth reading."""

import re

KEEP = 4096
"""Bytes of a log's end that are handed on."""

READ = 4 * KEEP
"""Bytes that are read for them: a timestamp stands before each line, and colours in it."""

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI: colours and the like
    r"|[\]PX^_].*?(?:\x07|\x1b\\|$)"  # OSC and its kind, to their end
    r"|[ -/]*[0-~])",
    re.MULTILINE,
)
_TIMESTAMP = re.compile(r"^\ufeff?\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z ?", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def legible(log: str, *, cut: bool) -> str:
    """Return the end of a log as plain lines without timestamps; `cut`: its first line may not be whole."""
    lines = log.replace("\r\n", "\n").replace("\r", "\n")
    if cut and "\n" in lines:
        lines = lines.partition("\n")[2]
    plain = _CONTROL.sub("", _TIMESTAMP.sub("", _ESCAPE.sub("", lines))).strip("\n")
    data = plain.encode()
    if len(data) <= KEEP:
        return plain
    end = data[-KEEP:]
    whole = end.partition(b"\n")[2] or end
    return whole.decode("utf-8", "ignore")
