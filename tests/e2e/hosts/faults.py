"""What can be wrong with a host, by a test's wish."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Fault:
    """Something wrong with the answers to requests whose `METHOD path` has `where` in it, `left` times."""

    kind: str
    where: re.Pattern[str]
    left: float
    value: float = 0.0
    act: Callable[[], object] | None = None


class Faults:
    """All that is wrong now. A fault lasts until `heal`, or for as many answers as `times` says."""

    def __init__(self) -> None:
        self._all: list[Fault] = []
        self._lock = threading.Lock()

    def fail(self, status: int = 500, where: str = "", times: float = float("inf")) -> None:
        """Answer with a bare failure, as a proxy before the host would: HTML."""
        self._add(Fault("fail", re.compile(where), times, status))

    def truncate(self, where: str = "", times: float = float("inf")) -> None:
        """Answer with the first half of the JSON."""
        self._add(Fault("truncate", re.compile(where), times))

    def slow(self, seconds: float, where: str = "", times: float = float("inf")) -> None:
        """Answer so late."""
        self._add(Fault("slow", re.compile(where), times, seconds))

    def before(self, act: Callable[[], object], where: str, times: float = 1) -> None:
        """Do something just before a request is looked at."""
        self._add(Fault("before", re.compile(where), times, act=act))

    def after(self, act: Callable[[], object], where: str, times: float = 1) -> None:
        """Do something once the answer is made and before it is given."""
        self._add(Fault("after", re.compile(where), times, act=act))

    def heal(self) -> None:
        """Have nothing wrong any more."""
        with self._lock:
            self._all.clear()

    def take(self, kind: str, asked: str) -> Fault | None:
        """Return the first fault of a kind for a request, and count it as used."""
        with self._lock:
            for fault in self._all:
                if fault.kind == kind and fault.left > 0 and fault.where.search(asked):
                    fault.left -= 1
                    return fault
        return None

    def _add(self, fault: Fault) -> None:
        with self._lock:
            self._all.append(fault)
