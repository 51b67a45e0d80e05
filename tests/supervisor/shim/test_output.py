"""Output is braked, and kept while the disk refuses."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.output import OutputLog
from ennio.supervisor.shim.output import Brake, Output


@given(st.lists(st.tuples(st.integers(1, 1 << 16), st.floats(0, 0.01)), min_size=1, max_size=200))
def test_a_flood_is_held_to_the_rate_and_a_burst(reads: list[tuple[int, float]]) -> None:
    brake, now, total = Brake(rate=4e6, burst=0.1), 0.0, 0
    for count, pause in reads:
        now = max(now + pause, brake.resume_at(now))
        assert total <= 4e6 * (now + 0.1) + 1
        brake.took(count, now)
        total += count


def test_a_quiet_agent_is_never_braked() -> None:
    brake = Brake(rate=4e6, burst=0.1)
    for second in range(100):
        assert brake.resume_at(float(second)) == second
        brake.took(400_000, float(second))


class FullDisk(OutputLog):
    """A log whose disk takes `room` bytes and then refuses."""

    room = 0

    def append(self, data: bytes) -> None:
        super().append(data[: self.room])
        written, self.room = min(len(data), self.room), self.room - min(len(data), self.room)
        if written < len(data):
            raise OSError(28, "No space left on device")


def test_nothing_is_lost_while_the_disk_refuses_and_the_pipe_is_left_alone(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    log, complaints = FullDisk(tmp_path, 1 << 20), list[str]()
    output = Output(ours, log, complaints.append)
    log.room = 3
    os.write(theirs, b"abcdef")
    output.step(10.0)
    assert output.end == 3
    assert output.resume_at(10.0, hasty=True) == 11.0
    assert not output.overdue(10.9)
    assert output.overdue(11.0), "though the pipe may have nothing more"
    output.step(11.0)
    assert len(complaints) == 1
    log.room = 1 << 20
    os.write(theirs, b"ghi")
    os.close(theirs)
    output.step(12.0)
    output.drain(1)
    assert OutputLog(tmp_path, 1 << 20).read(0, 100).data == b"abcdefghi"


def test_last_words_that_cannot_be_kept_are_complained_about_in_time(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    complaints: list[str] = []
    output = Output(ours, FullDisk(tmp_path, 1 << 20), complaints.append)
    os.write(theirs, b"abc")
    os.close(theirs)
    began = time.monotonic()
    output.drain(0.1)
    assert time.monotonic() - began < 1
    assert "3 bytes" in complaints[-1]
    os.close(ours)


@pytest.mark.parametrize("keep", [1, 100, 1 << 20])
def test_what_is_dropped_for_newer_output_is_counted_all_the_same(tmp_path: Path, keep: int) -> None:
    ours, theirs = os.pipe()
    output = Output(ours, OutputLog(tmp_path, keep), print)
    os.write(theirs, b"x" * 5000)
    os.close(theirs)
    output.drain(1)
    assert output.end == 5000
