"""The faults that are armed, and which of them act on a call or a run.

A fault is armed through the admin route as `{"operation", "kind", "count" or "probability", "job", …parameters}`
(`model`). Faults around a call act `BEFORE` it takes effect or `AFTER`; those on the `RUN` of a job or its
`OUTPUT` are asked for by what they disturb. What each kind does stands in `effects`.
"""

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from workspace_emulator.behaviour import Behaviour, Range
from workspace_emulator.contract.errors import JobError
from workspace_emulator.contract.operations import Operation
from workspace_emulator.faults.effects import LISTS, ROWS, Exchange
from workspace_emulator.faults.model import Fault, FaultKind, Stage


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
        self._pages: dict[str, bytes] = {}
        self._struck: Counter[FaultKind] = Counter()

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
        self._pages.clear()

    def rows(self) -> list[dict[str, Any]]:
        """Return the armed faults as JSON, with how often each will still act."""
        return [
            {"number": number, "left": self._left.get(number), **fault.model_dump(mode="json", exclude_defaults=True)}
            for number, fault in self._armed.items()
        ]

    def struck(self) -> dict[str, int]:
        """Return how often each kind has acted since the start."""
        return {kind.value: count for kind, count in self._struck.items()}

    def seconds(self, fault: Fault) -> float:
        """Return the length of a fault's delay, drawn if it is a range."""
        length = fault.seconds
        return self._random.uniform(length.least, length.most) if isinstance(length, Range) else length

    def draw(self, stage: Stage, operation: Operation | None, job: str | None) -> Iterator[Fault]:
        """Use up and return the faults that act now."""
        for number, fault in list(self._armed.items()):
            # Another call may have used it up while this one was waiting.
            if number not in self._armed or ROWS[fault.kind].stage is not stage:
                continue
            if _concerns(fault, operation, job) and self._strikes(fault):
                self._use_up(number)
                self._struck[fault.kind] += 1
                yield fault

    async def disturb(
        self, stage: Stage, operation: Operation, request: Request, behaviour: Behaviour, answer: Response | None = None
    ) -> Response | None:
        """Let the faults of a stage act on a call, and return what is answered because of them, if anything.

        Args:
            stage: `BEFORE`, or `AFTER` with the answer.
            operation: What is asked.
            request: The call.
            behaviour: Has delays of its own.
            answer: What would be answered.
        """
        job = request.path_params.get("job_id", "").lower() or None
        for fault in itertools.chain(_standing(behaviour, stage, operation), self.draw(stage, operation, job)):
            exchange = Exchange(request, answer, self._pages, self._random)
            answer = await ROWS[fault.kind].effect(fault, exchange, self.seconds(fault)) or answer
            if stage is Stage.BEFORE and answer is not None:
                return answer
        return answer

    def output_absence(self, job: str) -> float:
        """Return for how many seconds the output of a job that succeeds now will be missing."""
        return sum(self.seconds(fault) for fault in self.draw(Stage.OUTPUT, None, job))

    def failure(self, job: str) -> JobError | None:
        """Return why the run of a job that ends now fails, if it is to; with an empty code nothing is told of it."""
        for fault in self.draw(Stage.RUN, None, job):
            return JobError(fault.code, "this failure was asked for" if fault.code else "")
        return None

    def _strikes(self, fault: Fault) -> bool:
        return fault.probability >= 1.0 or self._random.random() < fault.probability

    def _use_up(self, number: int) -> None:
        if number not in self._left:
            return
        self._left[number] -= 1
        if self._left[number] == 0:
            del self._left[number], self._armed[number]


def _concerns(fault: Fault, operation: Operation | None, job: str | None) -> bool:
    row = ROWS[fault.kind]
    if fault.operation not in (None, operation) or (row.only_lists and operation not in LISTS):
        return False
    # A list has no job id in its path; what changes jobs looks for them in the answer.
    return fault.job in (None, job) or (operation in LISTS and row.changes_jobs)


def _standing(behaviour: Behaviour, stage: Stage, operation: Operation) -> list[Fault]:
    """Return the delays of a job's PUT that are settings, as faults."""
    if operation is not Operation.CREATE_JOB:
        return []
    delays = {
        Stage.BEFORE: Fault(kind=FaultKind.DELAY_BEFORE, seconds=behaviour.put_delay_before),
        Stage.AFTER: Fault(kind=FaultKind.DELAY_AFTER, seconds=behaviour.put_delay_after),
    }
    return [delays[stage]]
