"""Competes for the Lease when there are several replicas, so that one works and the others are on standby.

Nothing about money rests on it: a leader that was paused can wake up and act for a moment beside its successor, which
is what the claim on each job is for. Must not live here: what follows from what was seen (`election`).
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC
from typing import Final

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.election import Candidacy, Step
from quantumjob_operator.cluster.leases import Leases
from quantumjob_operator.metrics import Metrics

_RESIGNING_SECONDS: Final = 5.0
_log = logging.getLogger(__name__)


class LeadershipLost(Exception):  # noqa: N818 - reads as what it says in the log
    """Another process leads or may lead; this one has to end."""


@dataclass(slots=True)
class Leadership:
    """This process's part in the election.

    Attributes:
        leading: Set as soon as this process leads; it is never cleared, since the process ends with its leadership.
        beat_at: Monotonic time of the last attempt; None before the first.
    """

    leases: Leases
    candidacy: Candidacy
    clock: Clock
    metrics: Metrics
    leading: asyncio.Event = field(default_factory=asyncio.Event)
    beat_at: float | None = None
    _failing: bool = False

    async def run(self) -> None:
        """Wait on standby until the Lease is ours, then renew it for ever.

        Raises:
            LeadershipLost: It could not be renewed in time, or somebody else holds it.
        """
        while True:
            self.beat_at = now = self.clock.monotonic()
            try:
                async with asyncio.timeout(self.candidacy.timeout(now)):
                    await self._attempt()
            except (ClusterError, TimeoutError) as error:
                self._complain(error)
            if not self.candidacy.leads:
                self.candidacy = self.candidacy.unsure()
            await asyncio.sleep(self.candidacy.pause(self.clock.monotonic()))

    async def resign(self) -> None:
        """Free the Lease, if it is ours, so that a successor need not wait for its end."""
        if not self.candidacy.leads:
            return
        try:
            async with asyncio.timeout(_RESIGNING_SECONDS):
                lease = await self.leases.read()
                if record := self.candidacy.resignation(lease, self._stamp()):
                    await self.leases.write(lease, record)
                    _log.info("gave the Lease back")
        except (ClusterError, TimeoutError) as error:
            _log.warning("could not give the Lease back, so a successor waits for its end: %s", error or "time-out")

    async def _attempt(self) -> None:
        if self._step() is Step.READ:
            lease = await self.leases.read()
            self.candidacy = self.candidacy.saw(lease, self.clock.monotonic())
        if self._step() is Step.WRITE:
            asked = self.clock.monotonic()
            written = await self.leases.write(self.candidacy.known, self.candidacy.claim(self._stamp()))
            self.candidacy = self.candidacy.wrote(written, asked)
            self._step()
            self._begin()
        self._failing = False

    def _step(self) -> Step:
        step = self.candidacy.step(self.clock.monotonic())
        if step is Step.LOST:
            known = self.candidacy.known
            holder = known.record.holder if known else "nobody"
            self.metrics.leader.set(0)
            raise LeadershipLost(f"lost the Lease, which was last seen with {holder!r}; ending, so as to start anew")
        return step

    def _begin(self) -> None:
        if not self.leading.is_set():
            _log.info("leading as %s", self.candidacy.identity)
            self.metrics.leader.set(1)
            self.leading.set()

    def _complain(self, error: Exception) -> None:
        """A leader's failures count down to its end, so each is told; those of a bystander only when they begin."""
        if self.candidacy.leads or not self._failing:
            _log.warning("the Lease could not be read or written: %s", error or "time-out")
        self._failing = True
        self.candidacy = self.candidacy.unsure()

    def _stamp(self) -> str:
        return self.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
