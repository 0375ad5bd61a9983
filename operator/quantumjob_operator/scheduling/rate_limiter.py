"""A workspace's rate limit, shared by submitting, polling and cancelling.

One for each QuantumWorkspace object, never for each Azure workspace: whoever names another tenant's workspace in an
object of their own doesn't spend that tenant's rate limit. Must not live here: who is next (`token_bucket`), or what a
request is (`azure.channel`).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from quantumjob_operator.model.errors import Applied, Throttled
from quantumjob_operator.scheduling.token_bucket import RequestQueue, TokenBucket

Waiter = asyncio.Future[None]


@dataclass(slots=True)
class RateLimiter:
    """Lets requests begin, as many as the workspace's rate allows.

    Attributes:
        bucket: The rate.
        monotonic: Seconds of a clock that never steps back.
    """

    bucket: TokenBucket
    monotonic: Callable[[], float]
    _queue: RequestQueue[Waiter] = field(default_factory=RequestQueue)
    _stopped_until: float = 0.0
    _timer: asyncio.TimerHandle | None = None

    async def acquire(self, operation: str, tenant: str, *, cancelling: bool = False) -> None:
        """Wait until a request may begin.

        Args:
            operation: For the error.
            tenant: The namespace for which it is made.
            cancelling: Whether it serves to end a job.

        Raises:
            Throttled: The service asked for a pause, which is not over; nothing was sent. A worker that waited for
                minutes would be missing elsewhere.
        """
        self._refuse_while_stopped(operation)
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._queue.push(tenant, waiter, cancelling=cancelling)
        self._serve()
        await waiter
        self._refuse_while_stopped(operation)

    def stop(self, seconds: float) -> None:
        """The service asked for so long a pause: nobody begins before it is over."""
        self._stopped_until = max(self._stopped_until, self.monotonic() + seconds)
        # Whoever waits finds it stopped.
        while (waiter := self._queue.pop()) is not None:
            if not waiter.done():
                waiter.set_result(None)

    def _refuse_while_stopped(self, operation: str) -> None:
        left = self._stopped_until - self.monotonic()
        if left > 0:
            detail = "the service asked for a pause, in which no request of this workspace is sent"
            raise Throttled(operation, detail=detail, retry_after=left, applied=Applied.NO)

    def _serve(self) -> None:
        """Give the tokens that are there to those that wait, and come back for the next."""
        now = self.monotonic()
        while len(self._queue) and self.bucket.wait(now) <= 0:
            waiter = self._queue.pop()
            if waiter is not None and not waiter.done():
                self.bucket.take(now)
                waiter.set_result(None)
        if len(self._queue) and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.bucket.wait(now), self._come_back)

    def _come_back(self) -> None:
        self._timer = None
        self._serve()
