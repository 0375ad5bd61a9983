"""What kopf's thread has read is handed over to the event loop, a few objects at a time.

Whatever the loop is given it hears in one turn; and a thread that does not wait for it reads on meanwhile. Must not
live here: what is read (`handlers`), or what follows from it (`watch`).
"""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from quantumjob_operator.cluster.handlers import Sink

_UNDER_WAY: Final = 16
"""Objects that were read and not heard of: each may take megabytes, and milliseconds."""
_LOOKED_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class HandOver:
    """A sink for the thread.

    Attributes:
        loop: That hears.
        stop: Set when nothing is heard any more.
        hear: Called in the loop.
    """

    loop: asyncio.AbstractEventLoop
    stop: threading.Event
    hear: Sink
    _room: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_UNDER_WAY))

    def __call__(self, plural: str, event_type: str | None, body: Mapping[str, Any]) -> None:
        """Wait until there is room for it; after the stop it is dropped."""
        while not self.stop.is_set():
            if self._room.acquire(timeout=_LOOKED_SECONDS):
                self.loop.call_soon_threadsafe(self._heard, plural, event_type, body)
                return

    def _heard(self, plural: str, event_type: str | None, body: Mapping[str, Any]) -> None:
        self._room.release()
        self.hear(plural, event_type, body)
