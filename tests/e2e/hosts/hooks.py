"""Webhooks as a host sends them: one after the other, each kept so that it can be sent again."""

import json
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2


@dataclass
class Delivery:
    """One delivery: what was sent, and what the answers were; 0: there was none."""

    event: str
    headers: dict[str, str]
    body: bytes
    statuses: list[int] = field(default_factory=list)


class Webhooks:
    """A webhook that is switched on. `sign` gives the headers for an event and its body."""

    def __init__(self, url: str, sign: Callable[[str, bytes], dict[str, str]]) -> None:
        self.url, self._sign = url, sign
        self.deliveries: list[Delivery] = []
        self._queue: queue.Queue[Delivery | None] = queue.Queue()
        self._thread = threading.Thread(target=self._send_all, daemon=True)
        self._thread.start()

    def send(self, event: str, payload: Any) -> None:
        """Send word of something; it goes out soon, in order."""
        body = json.dumps(payload).encode()
        headers = {"Content-Type": "application/json", **self._sign(event, body)}
        self.deliveries.append(one := Delivery(event, headers, body))
        self._queue.put(one)

    def replay(self, *which: Delivery) -> None:
        """Send deliveries again, byte for byte; the last one unless told."""
        for one in which or self.deliveries[-1:]:
            self._queue.put(one)

    def settle(self, seconds: float = 10) -> list[int]:
        """Wait until all is sent, and return the last answer to each delivery."""
        give_up = time.monotonic() + seconds
        while self._queue.unfinished_tasks:
            assert time.monotonic() < give_up, "webhooks are still on their way"
            time.sleep(0.005)
        return [one.statuses[-1] for one in self.deliveries]

    def close(self) -> None:
        """Send nothing any more."""
        self._queue.put(None)
        self._thread.join()

    def _send_all(self) -> None:
        with httpx2.Client(timeout=10) as client:
            while one := self._queue.get():
                try:
                    answer = client.post(self.url, content=one.body, headers=one.headers)
                    one.statuses.append(answer.status_code)
                except httpx2.HTTPError:
                    one.statuses.append(0)
                self._queue.task_done()
