"""A workspace in memory, as far as a poller asks it: the remote end of the queue, in virtual time.

It stands for the service, not for our client of it: that one is tested against a real server elsewhere.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Final, Literal

from quantumjob_operator.azure.listing import OLDER_WORDS, UNFINISHED
from quantumjob_operator.azure.whole_lists import PAGE, Weigh
from quantumjob_operator.model.errors import Refused
from quantumjob_operator.model.remotejob import JobRow, RemoteJob

NOT_THESE_WORDS: Final = Refused("list_jobs", status=400, code="BadRequest", detail="no such state")
LISTS: Final = "lists"
_OLDER: Final = frozenset({"Waiting", "Executing"})
_FINAL: Final = frozenset({"Succeeded", "Completed", "Failed", "Cancelled"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    at: float
    kind: Literal["get", "list", "place"]
    job_id: str = ""
    filter: str | None = None


@dataclass(slots=True)
class Service:
    """Jobs and their words, what was asked, and how it goes wrong.

    Attributes:
        words: The truth, as a GET tells it.
        listed: What a list says instead; None hides the job from lists.
        broken: Errors that requests about a job raise; under "" for lists and all jobs, under `LISTS` for lists.
        filters: The filters that are accepted; None among them means a list without one.
        places: Of jobs in their provider's queue.
        page: How many rows a page of its list has.
        row_bytes: How long each row is.
        cancelling: Jobs that say `isCancelling` beside their word.
        seconds: How long each request takes, unless `quick` names its job.
        quick: Jobs about which requests take no time.
        open_requests: Requests that have begun and not ended.
        most_open: How many of them there were at most.
        asked_for: The namespaces in whose name something was asked.
    """

    words: dict[str, str] = field(default_factory=dict)
    listed: dict[str, str | None] = field(default_factory=dict)
    broken: dict[str, Exception] = field(default_factory=dict)
    seconds: float = 0.0
    quick: frozenset[str] = frozenset()
    asked: list[Asked] = field(default_factory=list)
    open_requests: int = 0
    most_open: int = 0
    asked_for: list[str] = field(default_factory=list)
    filters: tuple[str | None, ...] = (UNFINISHED,)
    places: dict[str, int] = field(default_factory=dict)
    cancelling: set[str] = field(default_factory=set)
    page: int = PAGE
    row_bytes: int = 1_500

    def on_behalf(self, namespace: str) -> "Service":
        """Whoever asks is answered."""
        self.asked_for.append(namespace)
        return self

    async def get_job(self, job_id: str) -> RemoteJob | None:
        """The job as it is when the request arrives, or None."""
        word = self.words.get(job_id)
        await self._answer(Asked(_now(), "get", job_id))
        return None if word is None else self._job(job_id, word)

    async def list_jobs(self, *, filter: str | None, weigh: Weigh | None = None) -> AsyncGenerator[list[JobRow]]:  # noqa: A002 - the wire's own name
        """Pages of the jobs that a filter lets through."""
        told = {job_id: self.listed.get(job_id, word) for job_id, word in self.words.items()}
        rows = [
            JobRow(job_id, word, job_id in self.cancelling)
            for job_id, word in told.items()
            if word and _lets_through(filter, word)
        ]
        for start in range(0, max(len(rows), 1), self.page):
            await self._answer(Asked(_now(), "list", filter=filter))
            if filter not in self.filters:
                raise NOT_THESE_WORDS
            shown = rows[start : start + self.page]
            if weigh is not None:
                weigh(len(shown) * self.row_bytes)
            yield shown

    async def queue_position(self, job_id: str) -> int | None:
        """The place of a job in its provider's queue."""
        await self._answer(Asked(_now(), "place", job_id))
        return self.places.get(job_id)

    def count(self, kind: Literal["get", "list", "place"]) -> int:
        """How many requests of a kind there were."""
        return sum(one.kind == kind for one in self.asked)

    def forget(self) -> None:
        """Begin to count anew."""
        self.asked.clear()

    def _job(self, job_id: str, word: str) -> RemoteJob:
        return RemoteJob(
            id=job_id,
            name=job_id,
            status=word,
            provider="ionq",
            target="ionq.simulator",
            is_cancelling=job_id in self.cancelling,
        )

    async def _answer(self, asked: Asked) -> None:
        self.asked.append(asked)
        self.open_requests += 1
        self.most_open = max(self.most_open, self.open_requests)
        try:
            await asyncio.sleep(0 if asked.job_id in self.quick else self.seconds)
            error = self.broken.get(LISTS if asked.kind == "list" else asked.job_id) or self.broken.get("")
            if error:
                raise error
        finally:
            self.open_requests -= 1


def _now() -> float:
    return asyncio.get_running_loop().time()


def _lets_through(filter: str | None, word: str) -> bool:  # noqa: A002 - the wire's own name
    if filter is None:
        return True
    return word in _OLDER if filter == OLDER_WORDS else word not in _FINAL
