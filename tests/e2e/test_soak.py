"""A little of `python -m bench.soak`: all at once, and a server that is killed again and again."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_all_at_once_for_a_while_loses_nothing_and_leaves_nothing() -> None:
    soak = [sys.executable, "-m", "bench.soak", "0.34", "1"]
    done = subprocess.run(soak, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-4000:]}"
    print(done.stdout)
