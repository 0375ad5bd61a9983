"""One poller for each workspace: follows its jobs with as few requests as it can, and wakes those that changed.

A page of a list is a hint only: each difference is confirmed by a GET before it is told. A sweep asks job by job while
few are due, and lists the workspace's unfinished jobs when that is cheaper. Namespaces are asked about round-robin, and
a sweep is short: thousands of jobs of one keep nobody else's news. Must not live here: what a change means.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.failures import is_about_one_job
from quantumjob_operator.azure.listing import Listing, in_time, next_page
from quantumjob_operator.azure.newcomers import Newcomers
from quantumjob_operator.azure.rest import TICK, Rest
from quantumjob_operator.azure.watched import Wake, Watched
from quantumjob_operator.lifecycle.transitions import is_final_word
from quantumjob_operator.model.errors import CredentialsRefused, ServiceError, Throttled
from quantumjob_operator.model.remotejob import Sight
from quantumjob_operator.scheduling.backoff import backoff, is_old, poll_interval
from quantumjob_operator.scheduling.fair_queue import FairQueue
from quantumjob_operator.settings import Settings

_PARALLEL: Final = 8
_OF_ALL: Final = (CredentialsRefused, Throttled)
"""What is said to all jobs of a workspace, whichever of them is asked about."""
_BATCHES: Final = 8
_SWEEP_SECONDS: Final = 0.25
"""How many batches of so many GETs, and for how long, before a sweep looks who became due meanwhile."""
_SOON_SHARE: Final = 0.1
"""Whoever is due within this share of the longest interval is served by a list that is made for those due now."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Poller:
    """Follows the jobs of one workspace.

    Attributes:
        name: `namespace/name` of the QuantumWorkspace.
        client: Replaced by `use`.
        refused: Called when the service refuses the credentials.
        listing_changed: Called when `list_trouble` comes or goes.
        answered_at: Monotonic time of the last sweep that the service answered.
        beat_at: Monotonic time of the last turn of the loop, answered or not.
    """

    name: str
    client: WorkspaceClient
    settings: Settings
    wake: Wake
    monotonic: Callable[[], float]
    refused: Callable[[], None]
    listing_changed: Callable[[], None]
    answered_at: float = 0.0
    beat_at: float = field(init=False)
    trouble: ServiceError | None = None
    _watched: dict[str, Watched] = field(default_factory=dict)
    _queue: FairQueue[str] = field(default_factory=FairQueue)
    _goes_on: bool = False
    _failures: int = 0
    _pause_until: float = 0.0
    _listing: Listing = field(init=False)
    _newcomers: Newcomers = field(default_factory=Newcomers)
    _earliest: float = math.inf
    """Nobody is due before: else all of them would be looked through at each turn of the loop."""
    _rest: Rest = field(init=False)

    def __post_init__(self) -> None:
        self.beat_at = self.monotonic()  # probes may look before the loop has had its first turn
        self._listing = Listing(self.name, self.monotonic)
        self._rest = Rest(self.monotonic)

    @property
    def list_trouble(self) -> ServiceError | None:
        """Why jobs are asked about one by one although a list would cost less."""
        return self._listing.trouble

    def use(self, client: WorkspaceClient, *, refused: bool = False) -> None:
        """Go on with a client with new credentials, at once if the old one had trouble.

        Args:
            client: Authenticates.
            refused: With the same as was refused last: nothing is asked earlier because of it.
        """
        if client is not self.client:
            self.client = client
            if not refused:
                self._pause_until = 0.0
                self._listing.begin_anew()
                self._rest.stir()

    def watch(
        self,
        uid: str,
        job_id: str,
        word: str | None,
        namespace: str = "",
        *,
        age: float | None = None,
        is_cancelling: bool = False,
    ) -> None:
        """Follow a job, beginning with a GET soon.

        Args:
            uid: Of its object.
            job_id: At the service.
            word: What its status says already, so that only news wakes it.
            namespace: It is asked about round-robin with those of others.
            age: Seconds for which it has been as its status says, if that is known: after a restart old jobs are old,
                and one that is being cancelled is young again.
            is_cancelling: Whether its status says that it is being cancelled, although the word does not.
        """
        sight = None if word is None else Sight(word, is_cancelling)
        known, now = self._watched.get(uid), self.monotonic()
        if known and known.job_id == job_id:
            if sight is not None and not known.is_as(sight):
                known.becomes(sight, now)
                self._next(known)
            elif age is not None and known.is_steady and now - age > known.since + TICK:
                known.since = now - age
                if known.due < math.inf:  # else it stands in the queue already
                    self._schedule(known, min(known.due, now + self.settings.poll_min_seconds))
            return
        self.unwatch(uid)
        new = self._watched[uid] = Watched(uid, job_id, namespace, sight, now - (age or 0.0), math.inf)
        if is_old(now - new.since, self.settings.poll_min_seconds):
            self._newcomers.came(now)
        self._schedule(new, now + self.settings.poll_min_seconds)

    def _schedule(self, one: Watched, due: float) -> None:
        if due < self._earliest:
            self._rest.stir()
        one.due, self._earliest = due, min(due, self._earliest)

    def unwatch(self, uid: str) -> None:
        """Follow it no longer."""
        if known := self._watched.pop(uid, None):
            self._queue.discard(known.namespace, uid)
            self._rest.stir()

    def __len__(self) -> int:
        return len(self._watched)

    async def run(self) -> None:
        """Sweep for ever."""
        self.answered_at = self.monotonic()
        while True:
            self.beat_at, self._goes_on = self.monotonic(), False
            try:
                await self.sweep()
            except Exception:  # noqa: BLE001 - a poller that ended would leave its jobs unseen; logged and tried again
                _log.exception("a sweep of workspace %s failed", self.name)
                self._pause_until = self.monotonic() + self.settings.poll_max_seconds
            self.beat_at = self.monotonic()
            if not self._goes_on:
                await self._rest.until(self._soonest)

    def _soonest(self) -> float:
        return max(self._pause_until, self._newcomers.until, 0.0 if self._queue else self._earliest)

    async def sweep(self) -> None:
        """Ask about the jobs that are due, or about the first of them."""
        due = self._due(now := self.monotonic())
        if not due and not self._queue:
            if not self._watched and self._listing.forgive():
                self.listing_changed()
            # Nothing to ask is no silence of the service.
            self.answered_at = self.answered_at if self._failures and self._watched else now
            return
        if now < self._pause_until or not self._newcomers.are_complete(now):
            return
        try:
            await self._ask(due)
        except ServiceError as error:
            self._failed(error)
            return
        self._failures, self.trouble, self.answered_at = 0, None, self.monotonic()
        if self._listing.settle():
            self.listing_changed()

    def _due(self, now: float) -> list[Watched]:
        if now < self._earliest:
            return []
        due = sorted((one for one in self._watched.values() if one.due <= now), key=lambda one: one.due)
        if not due:
            self._earliest = min((one.due for one in self._watched.values()), default=math.inf)
        return due

    async def _ask(self, due: list[Watched]) -> None:
        # In an outage one GET is tried, and no list: whether the list alone fails, only a service that answers shows.
        lists = self._listing.may_ask() and not self._failures
        # Whether a list that failed is to be had again only asking shows, however few the jobs are meanwhile.
        wanted = self.list_trouble or self._listing.is_cheaper(self._due_soon(), len(self._watched))
        if due and lists and wanted:
            due = await self._listed(due)
        for one in due:
            if self._watched.get(one.uid) is one:
                one.due = math.inf
                self._queue.push(one.namespace, one.uid)
        answered, late = False, self.monotonic() + _SWEEP_SECONDS
        for number in range(_BATCHES):
            if number and self.monotonic() > late:
                self._goes_on = True  # without a rest: others may be due by now, and have their turn before these
                return
            if not (batch := self._next_batch(1 if self._failures and not number else _PARALLEL)):
                return
            self.beat_at = self.monotonic()
            answers = await asyncio.gather(*(self._get(one) for one in batch), return_exceptions=True)
            answered = answered or None in answers
            for one, answer in zip(batch, answers, strict=True):
                # A service that answers for others is not down: else one job could keep the news of all for hours.
                if answered and isinstance(answer, ServiceError) and not isinstance(answer, _OF_ALL):
                    self._set_back(one, answer)
                elif answer is not None:
                    try:
                        raise answer
                    finally:
                        del answer, answers  # what this frame names would lie in a circle with it

    def _due_soon(self) -> int:
        soon = self.monotonic() + _SOON_SHARE * self.settings.poll_max_seconds
        return sum(one.due <= soon for one in self._watched.values())

    def _next_batch(self, most: int) -> list[Watched]:
        """The first in the queue, namespace by namespace."""
        taken = [one for _ in range(min(most, len(self._queue))) if (one := self._queue.pop())]
        return [self._watched[uid] for _, uid in taken]

    async def _listed(self, due: list[Watched]) -> list[Watched]:
        """Those of the due jobs that have to be asked about one by one: all of them, if the list alone fails."""
        try:
            return await self._differing(due)
        except ServiceError as error:
            if not self._listing.failed(error):
                raise
            return due

    async def _differing(self, due: list[Watched]) -> list[Watched]:
        """Those of the due jobs that the list does not show as they were; all others that it shows are done with."""
        shown: dict[str, Sight] = {}
        ours, wanted = ({one.job_id.lower() for one in some} for some in (self._watched.values(), due))
        async with aclosing(self._listing.pages(self.client, wanted, self._due_soon())) as found:
            while (page := await next_page(found, self.settings.request_timeout_seconds)) is not None:
                self.beat_at = self.monotonic()
                shown.update((row.id, row.sight) for row in page if row.id in ours)
                del page  # a thousand pollers may wait for their next one
        self._listing.answered(len(self._watched))
        # One sweep serves those that were not due yet, too: each by itself would ask for the whole list again.
        for one in self._watched.values():
            if one.sight is not None and shown.get(one.job_id.lower()) == one.sight:
                self._next(one)
        return [one for one in due if one.sight is None or shown.get(one.job_id.lower()) != one.sight]

    async def _get(self, one: Watched) -> ServiceError | None:
        # A job that can't be asked about goes to the end of the queue, or the others would never be asked about.
        self._schedule(one, self.monotonic())
        try:
            asked = self.client.on_behalf(one.namespace).get_job(one.job_id)
            remote = await in_time("get_job", asked, self.settings.request_timeout_seconds)
        except ServiceError as error:
            if not is_about_one_job(error):
                return error.apart()  # a task that ends with one as it was raised lies in a circle with it
            self._set_back(one, error)
            return None
        one.failures = 0
        if self._watched.get(one.uid) is not one:
            return None  # meanwhile nobody follows it, or its next attempt has begun: this is no news of that one
        if remote is None or remote.sight != one.sight:
            one.becomes(remote.sight if remote else None, self.monotonic())
            self.wake(one.uid, remote)
        self._next(one)
        return None

    def _set_back(self, one: Watched, error: ServiceError) -> None:
        """The service answered, and the trouble is this job's: whoever made it so delays nobody else's news."""
        times = one.failures = one.failures + 1
        self._schedule(one, self.monotonic() + backoff(times, one.uid, at_least=error.retry_after))
        if times & (times - 1) == 0:  # 1, 2, 4 …: of thousands of jobs each would be told of in every minute
            _log.warning("poll of job %s failed %d times in a row: HTTP %s", one.job_id, times, error.status)

    def _next(self, one: Watched) -> None:
        now, shortest, longest = self.monotonic(), self.settings.poll_min_seconds, self.settings.poll_max_seconds
        # After an end that was told there is no news, and what is missing in a list of unfinished jobs takes a GET.
        soonest = longest if one.sight is not None and is_final_word(one.sight.word) else shortest
        self._schedule(one, now + poll_interval(now - one.since, one.uid, shortest=soonest, longest=longest))

    def _failed(self, error: ServiceError) -> None:
        """Nothing is known anew; come back later, for all jobs of this workspace together."""
        self._failures, self.trouble = self._failures + 1, error.apart()
        self._pause_until = self.monotonic() + backoff(self._failures, self.name, at_least=error.retry_after)
        if isinstance(error, CredentialsRefused):
            self.refused()
        _log.warning("poll of workspace %s failed %d times in a row: %s", self.name, self._failures, error)
