"""What is known of one exchange with a service: who counts it, how long it may take, and its answer.

Must not live here: sending (`channel`), or what an answer means (`wire`, `failures`).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx


def _nothing() -> None:
    """Nobody counts."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Who counts what becomes of a workspace's requests.

    Attributes:
        exchanged: Told (operation, HTTP status or word, seconds) after each exchange.
        refused: Told each time that a request is not let in, after its credential was renewed.
    """

    exchanged: Callable[[str, str, float], None]
    refused: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take and what time it is.

    Attributes:
        request_seconds: The whole of one request to the service, from waiting for a connection to the last byte.
        blob_seconds: The whole of one blob operation.
        clock: The time of day, with a zone.
        monotonic: Seconds of a clock that never steps back.
    """

    request_seconds: float = 30.0
    blob_seconds: float = 60.0
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx."""
        return httpx.codes.is_success(self.status)
