"""What each kind of fault does: one row of a table for each; which of them act is decided in `armed`.

A new kind is a member of `FaultKind`, a row of `ROWS`, and a function.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from workspace_emulator.contract.answers import error_answer, unauthorized_answer
from workspace_emulator.contract.errors import ServiceError
from workspace_emulator.contract.operations import Operation
from workspace_emulator.faults import connections
from workspace_emulator.faults.model import Fault, FaultKind, Stage

LISTS: Final = frozenset({Operation.LIST_JOBS, Operation.LIST_SESSION_JOBS})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call that is disturbed.

    Attributes:
        request: What was asked.
        answer: What is answered, once there is something.
        pages: Pages of lists as they were when a stale list was first asked for, by address.
        chance: Where draws come from.
    """

    request: Request
    answer: Response | None = None
    pages: MutableMapping[str, bytes] = field(default_factory=dict)
    chance: random.Random = field(default_factory=random.Random)


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


async def _truncated_body(_fault: Fault, exchange: Exchange, _seconds: float) -> Response | None:
    answer = exchange.answer
    if answer is None or not answer.body:
        return None
    body = bytes(answer.body)
    return Response(body[: len(body) // 2], status_code=answer.status_code, media_type=answer.media_type)


async def _stale_list(_fault: Fault, exchange: Exchange, _seconds: float) -> Response | None:
    if exchange.answer is None or exchange.answer.status_code != HTTPStatus.OK:
        return None
    page = exchange.pages.setdefault(str(exchange.request.url), bytes(exchange.answer.body))
    return Response(page, media_type="application/json")


async def _short_list(fault: Fault, exchange: Exchange, _seconds: float) -> Response | None:
    """A row is lost between two pages: the one of the fault's job, or a drawn one."""
    if exchange.answer is None or exchange.answer.status_code != HTTPStatus.OK:
        return None
    body = json.loads(bytes(exchange.answer.body))
    losable = [row for row in body["value"] if fault.job in (None, row["id"])]
    if losable:
        body["value"].remove(exchange.chance.choice(losable))
    return JSONResponse(body)


async def _nothing(_fault: Fault, _exchange: Exchange, _seconds: float) -> None:
    """Faults on a run or an output act where they are asked for."""


class _Row(NamedTuple):
    stage: Stage
    effect: Callable[[Fault, Exchange, float], Awaitable[Response | None]]
    changes_jobs: bool = False
    only_lists: bool = False


ROWS: Final[Mapping[FaultKind, _Row]] = {
    FaultKind.DELAY_BEFORE: _Row(Stage.BEFORE, _delay),
    FaultKind.DROP_BEFORE: _Row(Stage.BEFORE, _drop),
    FaultKind.STATUS_BEFORE: _Row(Stage.BEFORE, _status),
    FaultKind.HTML_PAGE: _Row(Stage.BEFORE, _html_page),
    FaultKind.DELAY_AFTER: _Row(Stage.AFTER, _delay),
    FaultKind.DROP_AFTER: _Row(Stage.AFTER, _drop),
    FaultKind.STATUS_AFTER: _Row(Stage.AFTER, _status),
    FaultKind.TRUNCATED_BODY: _Row(Stage.AFTER, _truncated_body),
    FaultKind.UNKNOWN_STATUS: _Row(Stage.AFTER, _unknown_status, changes_jobs=True),
    FaultKind.STALE_LIST: _Row(Stage.AFTER, _stale_list, changes_jobs=True, only_lists=True),
    FaultKind.SHORT_LIST: _Row(Stage.AFTER, _short_list, changes_jobs=True, only_lists=True),
    FaultKind.FAILED_RUN: _Row(Stage.RUN, _nothing),
    FaultKind.MISSING_OUTPUT: _Row(Stage.OUTPUT, _nothing),
}
