"""Notices on a desktop, shown by a stand-in for notify-send: a script that writes down its arguments."""

import json
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from trio.testing import MockClock

from ennio.supervisor.errors import ConfigError, NotifierFailed
from ennio.supervisor.notifiers.desktop import DesktopNotifier, command
from ennio.supervisor.options import Options
from ennio.supervisor.records import Notice

StandIn = Callable[[str], Path]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Put a script in the place of notify-send; return the file that it may write."""

    def install(lines: str) -> Path:
        program, written = tmp_path / "notify-send", tmp_path / "written"
        program.write_text(
            f"#!{sys.executable}\nimport json, os, pathlib, sys, time\n"
            f"written = pathlib.Path({str(written)!r})\n{lines}\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr("ennio.supervisor.notifiers.desktop.sys.platform", "linux")
        return written

    return install


def desktop(**given: Any) -> DesktopNotifier:
    return DesktopNotifier(Options(given, "notifiers[0].config"))


async def test_a_notice_is_shown(stand_in: StandIn, notice: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1/bus")
    written = stand_in(
        "bus = os.environ['DBUS_SESSION_BUS_ADDRESS']\n"
        "written.write_text(json.dumps([sys.argv[1:], bus, sys.stdin.read()]))"
    )
    notifier = desktop()
    await notifier.notify(notice)
    await notifier.aclose()
    argv, bus, stdin = json.loads(written.read_text())
    body = "The check `unit` failed:\nüber &lt;!channel&gt; &amp; more\nhttps://github.com/o/r/pull/7?a=1&amp;b=2"
    assert argv == ["-u", "critical", "-a", "ennio", "--", "CI fails & <fails>", body]
    assert (bus, stdin) == ("unix:path=/run/user/1/bus", "")


@pytest.mark.parametrize(
    ("priority", "urgency"),
    [("info", "low"), ("action", "normal"), ("urgent", "critical"), ("critical", "critical")],
)
def test_the_priority_is_the_urgency(notice: Notice, priority: str, urgency: str) -> None:
    assert command(replace(notice, priority=priority), "linux")[1:3] == ["-u", urgency]


def test_nothing_in_a_notice_is_an_option_or_markup_or_an_escape(notice: Notice) -> None:
    argv = command(replace(notice, title="--help", text="-x <b>C:\\new</b> \\", url=None), "linux")
    assert argv[-3:] == ["--", "--help", "-x &lt;b&gt;C:\\\\new&lt;/b&gt; \\\\"]


def test_what_no_argument_can_hold_is_left_out(notice: Notice) -> None:
    argv = command(replace(notice, title="a\x00b\nc", text="\x1b[2Jé\ud83d\ttab", url=None), "linux")
    assert argv[-2:] == ["a b\nc", "[2Jé tab"]
    for argument in argv:
        argument.encode()


def test_a_long_notice_is_cut(notice: Notice) -> None:
    argv = command(replace(notice, title="t" * 9999, text="b" * 9999, url=None), "linux")
    assert [len(argument) for argument in argv[-2:]] == [200, 1000]


def test_a_notice_without_words_is_shown_by_its_reaction(notice: Notice) -> None:
    argv = command(replace(notice, title=" ", text="", url=None), "linux")
    assert argv[-2:] == ["ci-failed", ""]


def test_on_macos_the_words_are_arguments_of_a_script_that_stays_the_same(notice: Notice) -> None:
    evil = '" & (do shell script "touch /tmp/x") & "'
    argv = command(replace(notice, title="-e", text=evil, url=None), "darwin")
    assert argv[:2] == ["osascript", "-e"]
    assert argv[3:] == ["ennio", "-e", evil]
    assert argv[2] == command(notice, "darwin")[2]
    assert "item 3 of argv" in argv[2]


async def test_where_the_program_is_missing_no_other_try_helps(
    stand_in: StandIn, notice: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in("")
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(
        NotifierFailed, match=r"notify-send cannot be started .*comes with libnotify"
    ) as error:
        await desktop().notify(notice)
    assert error.value.lasting


async def test_where_there_is_no_session_of_a_desktop_no_other_try_helps(
    stand_in: StandIn, notice: Notice
) -> None:
    stand_in("sys.exit('Cannot autolaunch D-Bus\\nwithout X11 $DISPLAY' + 'x' * 1000_000)")
    with pytest.raises(NotifierFailed) as error:
        await desktop().notify(notice)
    assert error.value.lasting
    assert "exit code 1: Cannot autolaunch D-Bus without X11 $DISPLAY" in str(error.value)
    assert len(str(error.value)) < 1200


async def test_a_program_that_hangs_is_ended_and_may_be_tried_again(
    stand_in: StandIn, notice: Notice, autojump_clock: MockClock
) -> None:
    stand_in("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(100)")
    before = set(psutil.Process().children())
    with pytest.raises(NotifierFailed, match="took longer than 10 s") as error:
        await desktop().notify(notice)
    assert not error.value.lasting
    assert set(psutil.Process().children()) <= before


def test_it_has_no_options() -> None:
    with pytest.raises(ConfigError, match=r"urgency` is no key here"):
        desktop(urgency="low")
