"""Everything that can be made to go wrong: one row of a table for each kind of fault.

A fault is armed through the admin route as `{"operation", "kind", "count" or "probability", "job", …parameters}`.
Faults around a call act `BEFORE` it takes effect or `AFTER`; those on a job (`JOB`) are asked for by what they disturb.
A new kind is a member of `FaultKind`, a row of `_ROWS`, and a function.
"""

import asyncio
import itertools
import json
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt, model_validator
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from workspace_emulator import connections
from workspace_emulator.answers import error_answer, unauthorized_answer
from workspace_emulator.behaviour import Behaviour, Range
from workspace_emulator.errors import ServiceError
from workspace_emulator.operations import Operation


class FaultKind(StrEnum):
    """What goes wrong."""

    DELAY_BEFORE = "delay-before"
    DELAY_AFTER = "delay-after"
    DROP_BEFORE = "drop-before"
    DROP_AFTER = "drop-after"
    STATUS_BEFORE = "status-before"
    STATUS_AFTER = "status-after"
    HTML_PAGE = "html-page"
    UNKNOWN_STATUS = "unknown-status"
    MISSING_OUTPUT = "missing-output"


class Stage(StrEnum):
    """When a fault acts."""

    BEFORE = "before"
    AFTER = "after"
    JOB = "job"


class Fault(BaseModel):
    """One armed fault.

    Attributes:
        operation: Where it acts; everywhere if absent.
        kind: What goes wrong.
        count: How many times, a list being one; without an end if absent.
        probability: How likely it is each time.
        job: The id of the only job that is concerned; all if absent.
        seconds: Length of a delay, or how long an output is missing.
        status: HTTP status of an error or page.
        code: Error code of a status.
        retry_after: Value of the header `Retry-After`, seconds or a date.
        word: The status word that a job shows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: Operation | None = None
    kind: FaultKind
    count: PositiveInt | None = None
    probability: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    job: str | None = None
    seconds: NonNegativeFloat | Range = 1.0
    status: Annotated[int, Field(ge=400, le=599)] = 503
    code: str = "InjectedFault"
    retry_after: str | None = None
    word: str = "Recalibrating"

    @model_validator(mode="after")
    def _job_is_lower_case(self) -> Self:
        if self.job is not None and self.job != self.job.lower():
            return self.model_copy(update={"job": self.job.lower()})
        return self


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call: the request, and the answer once there is one."""

    request: Request
    answer: Response | None = None


class Faults:
    """The armed faults.

    Args:
        seed: Makes draws repeatable.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._armed: dict[int, Fault] = {}
        self._left: dict[int, int] = {}
        self._numbers = itertools.count(1)
        self._random = random.Random(seed)  # noqa: S311 - decides on faults, not on secrets

    def arm(self, fault: Fault) -> int:
        """Add a fault and return its number."""
        number = next(self._numbers)
        self._armed[number] = fault
        if fault.count is not None:
            self._left[number] = fault.count
        return number

    def clear(self) -> None:
        """Remove all faults."""
        self._armed.clear()
        self._left.clear()

    def rows(self) -> list[dict[str, Any]]:
        """Return the armed faults as JSON, with how often each will still act."""
        return [
            {"number": number, "left": self._left.get(number), **fault.model_dump(mode="json", exclude_defaults=True)}
            for number, fault in self._armed.items()
        ]

    def seconds(self, fault: Fault) -> float:
        """Return the length of a fault's delay, drawn if it is a range."""
        length = fault.seconds
        return self._random.uniform(length.least, length.most) if isinstance(length, Range) else length

    def draw(self, stage: Stage, operation: Operation | None, job: str | None) -> Iterator[Fault]:
        """Use up and return the faults that act now."""
        for number, fault in list(self._armed.items()):
            # Another call may have used it up while this one was waiting.
            if number not in self._armed or _ROWS[fault.kind].stage is not stage:
                continue
            if _concerns(fault, operation, job) and self._strikes(fault):
                self._use_up(number)
                yield fault

    async def disturb(
        self, stage: Stage, operation: Operation, exchange: Exchange, behaviour: Behaviour
    ) -> Response | None:
        """Let the faults of a stage act on a call, and return what is answered because of them, if anything."""
        answer = exchange.answer
        job = exchange.request.path_params.get("job_id", "").lower() or None
        for fault in itertools.chain(_standing(behaviour, stage, operation), self.draw(stage, operation, job)):
            answer = (
                await _ROWS[fault.kind].effect(fault, Exchange(exchange.request, answer), self.seconds(fault)) or answer
            )
            if stage is Stage.BEFORE and answer is not None:
                return answer
        return answer

    def output_absence(self, job: str) -> float:
        """Return for how many seconds the output of a job that succeeds now will be missing."""
        return sum(self.seconds(fault) for fault in self.draw(Stage.JOB, None, job))

    def _strikes(self, fault: Fault) -> bool:
        return fault.probability >= 1.0 or self._random.random() < fault.probability

    def _use_up(self, number: int) -> None:
        if number not in self._left:
            return
        self._left[number] -= 1
        if self._left[number] == 0:
            del self._left[number], self._armed[number]


def _concerns(fault: Fault, operation: Operation | None, job: str | None) -> bool:
    if fault.operation not in (None, operation):
        return False
    # A list has no job id in its path; what changes jobs looks for them in the answer.
    return fault.job in (None, job) or (operation in _LISTS and _ROWS[fault.kind].changes_jobs)


def _standing(behaviour: Behaviour, stage: Stage, operation: Operation) -> list[Fault]:
    """Return the delays of a job's PUT that are settings, as faults."""
    if operation is not Operation.CREATE_JOB:
        return []
    delays = {
        Stage.BEFORE: Fault(kind=FaultKind.DELAY_BEFORE, seconds=behaviour.put_delay_before),
        Stage.AFTER: Fault(kind=FaultKind.DELAY_AFTER, seconds=behaviour.put_delay_after),
    }
    return [delays[stage]]


async def _delay(_fault: Fault, _exchange: Exchange, seconds: float) -> None:
    await asyncio.sleep(seconds)


async def _drop(_fault: Fault, exchange: Exchange, _seconds: float) -> Response:
    connections.drop(exchange.request)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers={"x-dropped": "true"})  # nobody is there to receive it


async def _status(fault: Fault, _exchange: Exchange, _seconds: float) -> Response:
    if fault.status == HTTPStatus.UNAUTHORIZED:
        return unauthorized_answer()
    answer = error_answer(ServiceError(HTTPStatus(fault.status), fault.code, "this answer was asked for"))
    if fault.retry_after is not None:
        answer.headers["retry-after"] = fault.retry_after
    return answer


async def _html_page(fault: Fault, _exchange: Exchange, _seconds: float) -> Response:
    page = f"<html><head><title>{fault.status}</title></head><body><h1>The gateway says no</h1></body></html>"
    return HTMLResponse(page, status_code=fault.status)


async def _unknown_status(fault: Fault, exchange: Exchange, _seconds: float) -> Response | None:
    def change(job: dict[str, Any]) -> None:
        job["status"] = fault.word

    return _with_jobs_changed(fault, exchange, change)


def _with_jobs_changed(fault: Fault, exchange: Exchange, change: Callable[[dict[str, Any]], None]) -> Response | None:
    """Return the answer with its jobs changed, or None if it holds none that is concerned."""
    if exchange.answer is None or exchange.answer.status_code != HTTPStatus.OK:
        return None
    body = json.loads(bytes(exchange.answer.body))
    for job in body.get("value", [body]):
        if job.get("itemType") == "Job" and fault.job in (None, job["id"]):
            change(job)
    return JSONResponse(body)


async def _nothing(_fault: Fault, _exchange: Exchange, _seconds: float) -> None:
    """Faults on a job act where they are asked for."""


class _Row(NamedTuple):
    stage: Stage
    effect: Callable[[Fault, Exchange, float], Awaitable[Response | None]]
    changes_jobs: bool = False


_LISTS: Final = frozenset({Operation.LIST_JOBS, Operation.LIST_SESSION_JOBS})


_ROWS: Final[Mapping[FaultKind, _Row]] = {
    FaultKind.DELAY_BEFORE: _Row(Stage.BEFORE, _delay),
    FaultKind.DROP_BEFORE: _Row(Stage.BEFORE, _drop),
    FaultKind.STATUS_BEFORE: _Row(Stage.BEFORE, _status),
    FaultKind.HTML_PAGE: _Row(Stage.BEFORE, _html_page),
    FaultKind.DELAY_AFTER: _Row(Stage.AFTER, _delay),
    FaultKind.DROP_AFTER: _Row(Stage.AFTER, _drop),
    FaultKind.STATUS_AFTER: _Row(Stage.AFTER, _status),
    FaultKind.UNKNOWN_STATUS: _Row(Stage.AFTER, _unknown_status, changes_jobs=True),
    FaultKind.MISSING_OUTPUT: _Row(Stage.JOB, _nothing),
}
