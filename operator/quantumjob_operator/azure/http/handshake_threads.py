"""Threads in which the steps of TLS handshakes are done, and which tenant has one of them next.

A step that runs cannot be ended, and a server chooses how long it takes. So tenants are told apart by what theirs have
taken: whose were usual may have every thread, who is not known yet may have all but one, and of all whose steps took
long one has a thread at a time, for a fifth of the time. Must not live here: what a step is (`handshakes`).
"""

import asyncio
import math
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Protocol

from quantumjob_operator.scheduling.excess import Excess
from quantumjob_operator.scheduling.fair_queue import FairQueue
from quantumjob_operator.scheduling.shared_waits import Waited

_THREADS: Final = 4
_USUAL_SECONDS: Final = 0.005
"""Of CPU for one step of a handshake: it takes some 2 ms."""
_COSTLY_SECONDS: Final = 0.3
"""Of CPU beyond what is usual: nobody needs that, however slow a processor is."""
_FORGOTTEN: Final = 0.001
"""Of these in each second: what a whole message of costly certificates takes is remembered for six hours."""
_REST: Final = 4.0
_MOMENT: Final = 0.001
"""A loop calls what is due a moment before its time."""
_MOST_KNOWN: Final = 10_000


def rest_after(seconds: float) -> float:
    """For how long a tenant has no turn after a step, by the seconds of CPU that it took.

    Four times as long as it took beyond what is usual, so that what is costly has a fifth of a CPU at most.
    """
    return max(0.0, _REST * (seconds - _USUAL_SECONDS))


class Handshake(Hashable, Protocol):
    """One that is done in steps.

    Attributes:
        tenant: Whose turns it takes.
        step: One step, for a thread; returns its seconds of CPU.
        waits: Of whoever wants to have it done.
    """

    tenant: str
    step: Callable[[], float]
    waits: Waited

    @property
    def is_done(self) -> bool:
        """Whether there is nothing more to do, and nothing has failed."""

    def go_on(self) -> None:
        """A step is over."""


class HandshakeThreads:
    """The threads; a tenant has one of them at a time, round-robin, and its own handshakes wait for each other."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="handshakes")
        self._waiting: FairQueue[Handshake] = FairQueue()
        self._since: dict[Handshake, float] = {}
        """When those that wait have begun to."""
        self._not_now: set[str] = set()
        self._at_work: dict[asyncio.Future[float], str] = {}
        self._usual: dict[str, None] = {}
        """Tenants with a handshake that took no longer than usual, those of which that was heard last at the end."""
        self._costs = Excess(_USUAL_SECONDS, limit=_COSTLY_SECONDS, most=math.inf, forgotten=_FORGOTTEN)
        self._costly_until = 0.0
        """Until when no costly one has a turn."""
        self._closed = False

    def take_turn(self, handshake: Handshake) -> None:
        """Have the next step of a handshake done when it's its tenant's turn."""
        self._waiting.push(handshake.tenant, handshake)
        self._since[handshake] = self._now()
        self._serve()

    def give_up(self, handshake: Handshake) -> None:
        """It needs no turn any more. A step that is under way goes on, and keeps its tenant waiting."""
        self._waiting.discard(handshake.tenant, handshake)
        self._has_waited(handshake)

    def close(self) -> None:
        """Let the threads end, whatever they are at; nobody has a turn any more."""
        self._closed = True
        for step in self._at_work:
            step.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._closed and len(self._at_work) < _THREADS:
            turn = self._waiting.pop(self._may_go)
            if turn is None:
                return
            tenant, handshake = turn
            self._has_waited(handshake)
            self._not_now.add(tenant)
            self._at_work[step := loop.run_in_executor(self._threads, handshake.step)] = tenant
            step.add_done_callback(partial(self._over, handshake))

    def _has_waited(self, handshake: Handshake) -> None:
        """Who is usual has waited for others; anybody else may have waited for what its own took."""
        since = self._since.pop(handshake, None)
        if since is not None and handshake.tenant in self._usual:
            handshake.waits.seconds += self._now() - since

    def _may_go(self, tenant: str) -> bool:
        if tenant in self._not_now:
            return False
        if self._is_costly(tenant):
            return self._now() >= self._costly_until and not any(map(self._is_costly, self._at_work.values()))
        # Who begins in the same moment as others of whom nothing is known leaves one thread to those who are known.
        return tenant in self._usual or sum(one not in self._usual for one in self._at_work.values()) < _THREADS - 1

    def _is_costly(self, tenant: str) -> bool:
        return self._costs.is_much(tenant, self._now())

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _over(self, handshake: Handshake, step: "asyncio.Future[float]") -> None:
        self._at_work.pop(step)
        if self._closed:
            return
        seconds, tenant = step.result(), handshake.tenant
        rest = rest_after(seconds)
        self._learn(tenant, seconds, done=handshake.is_done)
        if rest and self._is_costly(tenant):
            self._costly_until = max(self._costly_until, self._now() + rest)
            asyncio.get_running_loop().call_at(self._costly_until + _MOMENT, self._serve)
        if rest:
            asyncio.get_running_loop().call_later(rest, self._rested, tenant)
        else:
            self._not_now.discard(tenant)
        handshake.go_on()
        self._serve()

    def _learn(self, tenant: str, seconds: float, *, done: bool) -> None:
        self._costs.note(tenant, seconds, self._now())
        is_costly = self._is_costly(tenant)
        if done or is_costly:
            self._usual.pop(tenant, None)
        if done and not is_costly:
            self._usual[tenant] = None
            if len(self._usual) > _MOST_KNOWN:
                del self._usual[next(iter(self._usual))]

    def _rested(self, tenant: str) -> None:
        self._not_now.discard(tenant)
        self._serve()
