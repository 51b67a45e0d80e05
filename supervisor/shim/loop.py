"""What a shim waits for: descriptors that are ready, and a moment."""

import math
import selectors
from collections.abc import Callable

Call = Callable[[], None]

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Loop:
    """Tells what to call when. One call for each descriptor."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wanted: dict[int, tuple[int, Call]] = {}
        self._muted: set[int] = set()

    def want(self, descriptor: int | None, events: int, call: Call) -> None:
        """Have `call` called when the descriptor is ready for READ, WRITE or either; for 0, never."""
        if descriptor is None or descriptor in self._muted:
            return
        before, wanted = self._wanted.get(descriptor), (events, call)
        if before == wanted or (before is None and not events):
            return
        if not events:
            self.forget(descriptor)
        elif before is None:
            self._selector.register(descriptor, events)
            self._wanted[descriptor] = wanted
        else:
            self._selector.modify(descriptor, events)
            self._wanted[descriptor] = wanted

    def forget(self, descriptor: int | None) -> None:
        """Wait for it no more. To be said before it is closed."""
        if descriptor is not None and descriptor in self._wanted:
            del self._wanted[descriptor]
            self._selector.unregister(descriptor)

    def mute(self, descriptor: int) -> None:
        """Never wait for it again: what is called for it breaks."""
        self._muted.add(descriptor)
        self.forget(descriptor)

    def wait(self, seconds: float) -> list[tuple[int, Call]]:
        """Wait until something is ready, or for so long; return what is, and what to call for it."""
        ready = self._selector.select(None if math.isinf(seconds) else max(0.0, seconds))
        return [(key.fd, self._wanted[key.fd][1]) for key, _ in ready if key.fd in self._wanted]

    def still_wants(self, descriptor: int, call: Call) -> bool:
        """Whether what was ready a moment ago is still to be called."""
        return descriptor in self._wanted and self._wanted[descriptor][1] == call
