"""Notices on the desktop of whoever runs the server: by notify-send, or on macOS by osascript.

https://specifications.freedesktop.org/notification for urgency and markup,
https://ss64.com/mac/osascript.html for how a script gets its arguments.
"""

import html
import re
import subprocess
import sys
import tempfile

import trio

from ..errors import NotifierFailed
from ..options import Options
from ..records import Notice

PATIENCE = 10.0
"""Seconds that the program may take."""
_TITLE, _BODY = 200, 1000
"""Characters; a desktop shows fewer."""
_MOST_WORDS = 1024
"""Bytes of what a failed program said that are passed on."""
_URGENCY = {"info": "low", "action": "normal", "urgent": "critical", "critical": "critical"}
"""By a notice's priority. What is critical stays until somebody clicks on it: an agent waits for that one."""
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]+")
"""All control characters but newlines, and halves of characters: no argument of a program can hold them."""
_SCRIPT = (
    "on run argv\n"
    "display notification (item 3 of argv) with title (item 1 of argv) subtitle (item 2 of argv)\n"
    "end run"
)


class DesktopNotifier:
    """Shows each notice where the server runs. It has no options."""

    def __init__(self, options: Options) -> None:
        options.done()

    async def notify(self, notice: Notice) -> None:
        """Show it. Raises `NotifierFailed`: lasting, unless the program only took too long."""
        argv = command(notice, sys.platform)
        with tempfile.TemporaryFile() as said:
            with trio.move_on_after(PATIENCE) as scope:
                try:
                    done = await trio.run_process(
                        argv,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=said,
                        check=False,
                        deliver_cancel=_kill,
                    )
                except OSError as error:
                    raise NotifierFailed(_missing(argv[0], error), lasting=True) from error
            if scope.cancelled_caught:
                raise NotifierFailed(f"{argv[0]} was ended: it took longer than {PATIENCE:g} s")
            if done.returncode:
                said.seek(0)
                raise NotifierFailed(_failed(argv[0], done.returncode, said.read(_MOST_WORDS)), lasting=True)

    async def aclose(self) -> None:
        """There is nothing to let go of."""


def command(notice: Notice, platform: str) -> list[str]:
    """Return what shows a notice on this platform (as `sys.platform` has it)."""
    title = _plain(notice.title, _TITLE) or notice.reaction
    body = _plain(notice.text, _BODY)
    if notice.url is not None:
        body = f"{body}\n{_plain(notice.url, _BODY)}".strip()
    if platform == "darwin":
        # the first word is ours, so none of the others is taken for an option
        return ["osascript", "-e", _SCRIPT, "ennio", title, body]
    urgency = _URGENCY.get(notice.priority, "normal")
    # of the body markup is obeyed, and by notify-send itself what follows a backslash
    body = html.escape(body, quote=False).replace("\\", "\\\\")
    return ["notify-send", "-u", urgency, "-a", "ennio", "--", title, body]


def _plain(text: str, most: int) -> str:
    kept = _CONTROL.sub(" ", text).strip()
    return kept if len(kept) <= most else kept[: most - 1] + "…"


async def _kill(process: trio.Process) -> None:
    process.kill()


def _missing(program: str, error: OSError) -> str:
    packages = "; notify-send comes with libnotify" if program == "notify-send" else ""
    return f"{program} cannot be started ({error.strerror or error}){packages}"


def _failed(program: str, code: int, said: bytes) -> str:
    words = " ".join(said.decode("utf-8", "replace").split()) or "it said nothing"
    return f"{program} failed with exit code {code}: {words}; it needs the session of a desktop"
