"""The list of a workspace's unfinished jobs: in which words it is asked for, and when again after it failed.

A list is never needed: it says for many jobs at once what a GET says for one. So a list that fails stops no GETs. Must
not live here: what follows from a row (`poller`).
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, TypeVar

import httpx

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.failures import is_about_one_job
from quantumjob_operator.azure.whole_lists import PAGE
from quantumjob_operator.model.errors import (
    AnswerTooLarge,
    CredentialsRefused,
    Refused,
    Retryable,
    ServiceError,
    Throttled,
)
from quantumjob_operator.model.remotejob import JobRow
from quantumjob_operator.scheduling.backoff import spread

T = TypeVar("T")
UNFINISHED: Final = (
    "(State eq 'Waiting' or State eq 'Queued' or State eq 'Executing' or State eq 'Finishing'"
    " or State eq 'CancellationRequested' or State eq 'Cancelling')"
)
OLDER_WORDS: Final = "(State eq 'Waiting' or State eq 'Executing')"
"""The words of every version of the service; the others of `UNFINISHED` were never seen accepted in a filter."""
FORMS: Final = (UNFINISHED, OLDER_WORDS, None)
"""What is asked for: the next one where the one before is answered with 400. Without a filter, newest first."""
_FIRST_SECONDS: Final = 30.0
_LONGEST_SECONDS: Final = 600.0
_LIST_SECONDS: Final = 600.0
"""For so long a list is read, as long as those of a budget: nothing is told of any job meanwhile."""
_USUAL_BYTES: Final = 4 * 1024
"""Of a row; recorded from Azure were 1 to 2 KiB."""
_GET_BYTES: Final = 16 * 1024
"""Of what a list has beyond that, so many are as dear as a GET: who waits for a list waits for the rows of all."""
_FIRST_PAGES: Final = 20
"""Are read although GETs would be fewer requests: only so it is known how many jobs others have."""
_LASTING: Final = 2
_LATE_SECONDS: Final = 30.0
"""Half as long as a loop may stand still, beside the time of one request."""
_log = logging.getLogger(__name__)


def cheaper_to_list(due: int, unfinished: int, further: int = 0) -> bool:
    """Whether listing the unfinished jobs of a workspace costs fewer requests than a GET for each that is due.

    Args:
        due: How many jobs are to be asked about now or very soon.
        unfinished: How many unfinished jobs the workspace is known to hold, ours and others'.
        further: By how many requests the list is dearer than another one of so many jobs.
    """
    return due > _pages(unfinished) + further


def _is_of_the_list(error: ServiceError) -> bool:
    """Whether GETs may be answered although the list is not: of one without end each page was answered."""
    return isinstance(error, AnswerTooLarge) or is_about_one_job(error)


def _pages(rows: int) -> int:
    return -(-max(rows, 1) // PAGE)


async def next_page(pages: AsyncGenerator[list[JobRow]], request_seconds: float) -> list[JobRow] | None:
    """The next page, or None after the last one.

    Whoever waits for it would look as if it stood still (`probes`), if an endpoint could make one of many requests.

    Raises:
        ServiceError: It can't be had, or took much longer than one request.
    """
    return await in_time("list_jobs", anext(pages, None), request_seconds)


async def in_time(operation: str, answer: Awaitable[T], request_seconds: float) -> T:
    """An answer, for which a poller waits not much longer than for one request.

    Raises:
        ServiceError: It can't be had, or not in time.
    """
    try:
        async with asyncio.timeout(request_seconds + _LATE_SECONDS):
            return await answer
    except TimeoutError:
        raise Retryable(operation, detail="no answer came in time") from None


@dataclass(slots=True)
class Listing:
    """The list of one workspace.

    Attributes:
        name: `namespace/name` of the QuantumWorkspace.
        monotonic: Seconds of a clock that never steps back.
        trouble: Why the list can't be had, if the jobs are asked about one by one because of that.
    """

    name: str
    monotonic: Callable[[], float]
    trouble: ServiceError | None = None
    _error: ServiceError | None = field(default=None)
    _form: int = 0
    _failures: int = 0
    _not_before: float = 0.0
    _others: int = 0
    _further: int = 0
    _further_until: float = 0.0
    _gets: int = 0
    _read: int = 0
    _rows: int = 0
    _bytes: int = 0

    def is_cheaper(self, due: int, ours: int) -> bool:
        """As `cheaper_to_list`, where a list with long parameters of jobs was seen to be dearer than usual."""
        further = self._further if self.monotonic() < self._further_until else 0
        return cheaper_to_list(due, ours + self._others, further)

    def may_ask(self) -> bool:
        """Whether its back-off is over."""
        return self.monotonic() >= self._not_before

    def begin_anew(self) -> None:
        """Credentials or endpoint are new: what was refused before may be answered."""
        self._form, self._failures, self._not_before = 0, 0, 0.0

    async def pages(
        self, client: WorkspaceClient, wanted: AbstractSet[str], gets: int = 0
    ) -> AsyncGenerator[list[JobRow]]:
        """Pages of the list, in the first form that the service accepts.

        What the list has is seen only while it is read: after as many pages as GETs would be requests it is read no
        further, whether these had any rows or not, and the jobs that were not on them are asked about one by one. One
        of long rows counts as many.

        Args:
            client: Asks.
            wanted: Ids, in lower case, of the jobs for whose sake it is asked for. Without a filter the list is read
                as far as the oldest of them, and not further than asking one by one would cost.
            gets: How many GETs it is asked for instead of, if that is known.

        Raises:
            ServiceError: It can't be had in any form; `AnswerTooLarge` if it does not end in time.
        """
        self._gets, self._read, self._rows, self._bytes = gets, 0, 0, 0
        late = self.monotonic() + _LIST_SECONDS
        for form in range(self._form, len(FORMS)):
            try:
                async with aclosing(self._in_form(client, FORMS[form], wanted)) as pages:
                    async for page in pages:
                        self._read, self._rows = self._read + 1, self._rows + len(page)
                        yield page
                        del page
                        if self._cost() >= max(gets, _FIRST_PAGES):
                            break
                        if self.monotonic() >= late:
                            detail = f"the list cannot be read: it has not ended within {_LIST_SECONDS:.0f} s"
                            raise AnswerTooLarge("list_jobs", detail=detail)
            except Refused as error:
                if error.status != httpx.codes.BAD_REQUEST or form == len(FORMS) - 1:
                    raise
                _log.warning("workspace %s does not take the filter %s: %s", self.name, FORMS[form], error)
            else:
                self._form = form
                return

    async def _in_form(
        self, client: WorkspaceClient, words: str | None, wanted: AbstractSet[str]
    ) -> AsyncGenerator[list[JobRow]]:
        missing, number = set(wanted), 0
        async with aclosing(client.list_jobs(filter=words, weigh=self._weigh)) as pages:
            async for page in pages:
                yield page
                number += 1
                missing.difference_update(row.id.lower() for row in page)
                del page
                if words is None and (not missing or number >= len(wanted)):
                    return

    def _weigh(self, size: int) -> None:
        self._bytes += size

    def _cost(self) -> int:
        """Of what was read, in GETs."""
        return self._read + max(0, self._bytes - self._rows * _USUAL_BYTES) // _GET_BYTES

    def failed(self, error: ServiceError) -> bool:
        """The list could not be had: it is asked for again after a back-off.

        Returns:
            Whether nothing speaks against asking about the jobs one by one at once: the service answered, and this
            was about the list alone. If not, they are asked about after a pause.
        """
        # Each error comes as late as its endpoint likes: of what costs more than GETs none is a way back to more of it.
        was_dear = self._cost() > self._gets
        if isinstance(error, Throttled | CredentialsRefused) or (isinstance(error, Refused) and not error.answered):
            if was_dear:
                self._wait(_LONGEST_SECONDS)
            return False
        self._failures += 1
        doubled = _FIRST_SECONDS * 2.0 ** min(self._failures - 1, 16)
        seconds = _LONGEST_SECONDS if was_dear or isinstance(error, AnswerTooLarge) else min(doubled, _LONGEST_SECONDS)
        self._wait(max(seconds, error.retry_after or 0.0))
        self._error = error.apart()
        _log.warning("workspace %s gives no list of its jobs (%d times in a row): %s", self.name, self._failures, error)
        return _is_of_the_list(error)

    def _wait(self, seconds: float) -> None:
        self._not_before = self.monotonic() + seconds * (1 + spread(self.name))

    def answered(self, ours: int) -> None:
        """The list was had, or so much of it as is worth its requests; what it takes is looked at again after a while.

        Args:
            ours: How many of its jobs are followed; the others are no fewer than were seen.
        """
        self._forgive()
        self._others = max(0, self._rows - ours)
        self._further = max(0, self._cost() - _pages(self._rows))
        self._further_until = self.monotonic() + _LONGEST_SECONDS

    def _forgive(self) -> None:
        self._failures, self._error = 0, None

    def forgive(self) -> bool:
        """There is no job any more for whose sake a list would be asked for: whether `trouble` is another now."""
        self._forgive()
        return self.settle()

    def settle(self) -> bool:
        """The service has answered, to a list or to GETs: whether `trouble` is another now.

        An outage that began with a list is no trouble of the list: that one fails again while GETs are answered.
        """
        lasts = self._error is not None and (_is_of_the_list(self._error) or self._failures >= _LASTING)
        now = self._error if lasts else None
        changed = (now is None) != (self.trouble is None)
        self.trouble = now
        return changed
