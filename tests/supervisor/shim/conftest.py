"""A zygote, and a cgroup where one can be had."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from real_shim import Zygote


@pytest.fixture(scope="session", autouse=True)
def _on_linux() -> None:
    if sys.platform != "linux":
        pytest.skip("a shim stands on what Linux offers")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("shared")) as found:
        yield found


@pytest.fixture
def zygote(shared: Zygote, tmp_path: Path) -> Iterator[Zygote]:
    """One for a whole module; what a test ran with it ends with the test."""
    shared.folder = tmp_path
    yield shared
    shared.forget()


@pytest.fixture
def cgroup() -> Iterator[str]:
    """A group of our own, where there is a writable tree of version 2."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        if " - cgroup2 " in line:
            path = Path(line.split()[4]) / f"ennio-test-{os.getpid()}-{time.monotonic_ns()}"
            with suppress(OSError):
                path.mkdir()
                yield str(path)
                with suppress(FileNotFoundError):
                    path.rmdir()
                return
    pytest.skip("no cgroup v2 tree can be written here")
