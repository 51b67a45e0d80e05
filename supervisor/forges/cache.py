"""Answers that are kept, so that a host can say that nothing has changed."""

import zlib
from collections import OrderedDict
from dataclasses import dataclass, replace

ANSWERS = 10_000
BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said, by which tag it knows it again, and where its next page is."""

    body: bytes
    etag: str | None = None
    following: str | None = None


class Answers:
    """The answers used last, by full URL, at most so many and so many bytes of them.

    They are kept compressed: rounds over more than there is room for would find none of them again.
    """

    def __init__(self, most: int = ANSWERS, most_bytes: int = BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, Answer] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, url: str) -> Answer | None:
        """Return the answer that is kept for a URL."""
        answer = self._kept.get(url)
        if answer is None:
            return None
        self._kept.move_to_end(url)
        return replace(answer, body=zlib.decompress(answer.body))

    def keep(self, url: str, answer: Answer) -> None:
        """Keep an answer that has a tag in place of the former one; the oldest ones make room."""
        old = self._kept.pop(url, None)
        self._bytes -= len(old.body) if old else 0
        answer = replace(answer, body=zlib.compress(answer.body, 1))
        if answer.etag is None or len(answer.body) > self._most_bytes:
            return
        self._kept[url] = answer
        self._bytes += len(answer.body)
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped.body)
