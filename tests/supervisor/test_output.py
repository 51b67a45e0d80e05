from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.output import OutputLog


def everything(log: OutputLog) -> bytes:
    return log.read(0, 1 << 30).data


def on_disk(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def test_what_was_appended_is_read_from_any_cursor(tmp_path: Path) -> None:
    log = OutputLog(tmp_path / "output", 1000)
    log.append(b"hello ")
    log.append(b"world")
    assert (log.start, log.end) == (0, 11)
    assert log.read(0, 100).data == b"hello world"
    chunk = log.read(3, 4)
    assert (chunk.data, chunk.start, chunk.end) == (b"lo w", 3, 7)
    assert log.read(11, 100).data == b""
    log.close()


def test_a_log_that_nobody_wrote_is_empty_and_makes_no_folder(tmp_path: Path) -> None:
    log = OutputLog(tmp_path / "output", 1000)
    assert (log.start, log.end, log.read(0, 10).data) == (0, 0, b"")
    assert not (tmp_path / "output").exists()


def test_old_bytes_are_dropped_and_cursors_stay_what_they_are(tmp_path: Path) -> None:
    log = OutputLog(tmp_path, 800)
    data = bytes(range(256)) * 10
    for at in range(0, len(data), 70):
        log.append(data[at : at + 70])
    assert log.end == len(data)
    assert 600 <= log.end - log.start <= 800
    chunk = log.read(0, 10_000)
    assert chunk.start == log.start > 0
    assert chunk.data == data[log.start :]
    assert on_disk(tmp_path) == log.end - log.start
    log.close()


def test_another_log_on_the_same_folder_goes_on_at_the_end(tmp_path: Path) -> None:
    first = OutputLog(tmp_path, 1000)
    first.append(b"before")
    first.close()
    second = OutputLog(tmp_path, 1000)
    second.append(b" and after")
    second.close()
    assert everything(OutputLog(tmp_path, 1000)) == b"before and after"


def test_a_reader_sees_what_was_there_while_the_writer_goes_on(tmp_path: Path) -> None:
    writer = OutputLog(tmp_path, 80)
    writer.append(b"a" * 75)
    reader = OutputLog(tmp_path, 80)
    writer.append(b"b" * 40)
    chunk = reader.read(0, 1000)
    assert chunk.start > 0, "the oldest file is gone"
    assert chunk.data == b"a" * (75 - chunk.start)
    writer.close()


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("readers_keep", [80, 8000])
def test_a_reader_that_refreshes_sees_all_that_came(told: bool, readers_keep: int, tmp_path: Path) -> None:
    writer, reader = OutputLog(tmp_path, 80), OutputLog(tmp_path, readers_keep)
    written = read = b""
    for size in (0, 3, 7, 1, 10, 25, 0, 70, 100, 9, 200, 1):
        piece = bytes(range(size))
        writer.append(piece)
        written += piece
        reader.refresh(writer.end if told else None)
        assert reader.end == writer.end
        chunk = reader.read(len(read), 1000)
        assert chunk.data == written[chunk.start :]
        assert chunk.start <= max(len(read), len(written) - 60)
        read = written
    writer.close()


def test_refreshing_reads_no_folder_while_the_last_file_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = OutputLog(tmp_path, 1000)
    writer.append(b"x")
    reader = OutputLog(tmp_path, 1000)
    writer.append(b"y")
    monkeypatch.setattr(OutputLog, "_scan", None)
    reader.refresh(2)
    assert everything(reader) == b"xy"
    writer.close()


def test_more_than_is_kept_at_once_leaves_its_end(tmp_path: Path) -> None:
    log = OutputLog(tmp_path, 100)
    log.append(b"old")
    log.append(b"x" * 950 + b"y" * 50)
    assert (log.start, log.end) == (903, 1003)
    assert everything(log) == b"x" * 50 + b"y" * 50
    assert on_disk(tmp_path) == 100
    log.close()


def test_a_file_that_a_crash_left_short_hides_only_what_is_older(tmp_path: Path) -> None:
    log = OutputLog(tmp_path, 80)
    log.append(b"0123456789" * 4)
    log.close()
    files = sorted(tmp_path.iterdir())
    files[1].write_bytes(files[1].read_bytes()[:-1])
    log = OutputLog(tmp_path, 80)
    assert (log.start, log.end) == (20, 40)
    log.append(b"!")
    assert log.read(0, 100).data == b"0123456789" * 2 + b"!"
    log.close()


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    log = OutputLog(tmp_path / "sessions" / "one" / "output", 100)
    log.append(b"secret")
    log.close()
    for folder in ("sessions", "sessions/one", "sessions/one/output"):
        assert (tmp_path / folder).stat().st_mode & 0o777 == 0o700
    (file,) = (tmp_path / "sessions/one/output").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_a_full_disk_did_not_take_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    log = OutputLog(tmp_path, 1000)
    write, room = os.write, [4]

    def almost_full(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        written = write(descriptor, data[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", almost_full)
    with pytest.raises(OSError, match="No space"):
        log.append(b"hello")
    assert log.end == 4
    room[0] = 1000
    log.append(b"hello"[log.end :])
    assert everything(log) == b"hello"
    log.close()


@given(
    keep=st.integers(1, 60),
    parts=st.lists(st.binary(max_size=90), max_size=12),
    reopen=st.sets(st.integers(0, 11)),
)
def test_the_last_bytes_are_kept_however_they_came(
    keep: int, parts: list[bytes], reopen: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log, whole = OutputLog(folder, keep), b""
    for number, part in enumerate(parts):
        if number in reopen:
            log.close()
            log = OutputLog(folder, keep)
        log.append(part)
        whole += part
        assert log.end == len(whole)
        assert everything(log) == whole[log.start :]
        assert min(len(whole), keep - 2 * max(1, keep // 8) + 1) <= log.end - log.start <= keep
    log.close()
