"""The event loop by hand: no deadline ever strikes, and coroutines that wait for each other are gone on with at once.

Stands for `asyncio` in the modules that a reconciliation runs through. Must not live here: what is driven (`drive`).
"""

import asyncio
from collections.abc import Coroutine, Generator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from types import ModuleType
from typing import Any, Final

from explore.parts import Told
from quantumjob_operator.controller import budget_ledger, budget_reconciler, budget_rows, reconciler, submitter

_DRIVEN: Final[tuple[ModuleType, ...]] = (reconciler, submitter, budget_ledger, budget_reconciler, budget_rows)


class Promise:
    """As `asyncio.Future`, for one coroutine that waits for another."""

    __slots__ = ("_done", "_error", "_result")

    def __init__(self) -> None:
        self._done = False
        self._error: Exception | None = None
        self._result: Any = None

    def done(self) -> bool:
        """Whether whoever waits can go on."""
        return self._done

    def set_result(self, result: Any) -> None:
        """What it was waited for."""
        self._done, self._result = True, result

    def set_exception(self, error: Exception) -> None:
        """Why it will not come."""
        self._done, self._error = True, error

    def __await__(self) -> Generator["Promise", None, Any]:
        """Hand itself out, to be gone on with once it is done."""
        if not self._done:
            yield self
        if self._error:
            raise self._error
        return self._result


class Hand:
    """What the modules take for `asyncio`.

    Attributes:
        made: Coroutines that were made tasks and have not begun.
    """

    __slots__ = ("made",)
    Event = asyncio.Event
    """One that nobody waits for needs no loop."""

    def __init__(self) -> None:
        self.made: list[Coroutine[Any, Any, None]] = []

    def get_running_loop(self) -> "Hand":
        """As `asyncio.get_running_loop`."""
        return self

    def time(self) -> float:
        """As the loop's."""
        return 0.0

    def create_future(self) -> Promise:
        """As the loop's."""
        return Promise()

    def create_task(self, coroutine: Coroutine[Any, Any, None], *, name: str) -> None:
        """As `asyncio.create_task`."""
        del name
        self.made.append(coroutine)

    def timeout_at(self, _when: float | None) -> AbstractAsyncContextManager[None]:
        """As `asyncio.timeout_at`."""
        return nullcontext()

    timeout = timeout_at

    async def sleep(self, _seconds: float) -> None:
        """As `asyncio.sleep`, for whoever lets others run between two rows: here they run at requests only."""


class _Log:
    """What the reconciler of budgets writes: it has no metric that tells of a mistake."""

    __slots__ = ("_told",)

    def __init__(self, told: Told) -> None:
        self._told = told

    def exception(self, _message: str, *values: object) -> None:
        """A mistake that was caught; its type comes last."""
        self._told.reconcile_errors.labels(str(values[-1])).inc()

    def warning(self, _message: str, *_values: object) -> None:
        """No mistake."""


@contextmanager
def by_hand(hand: Hand, told: Told) -> Iterator[None]:
    """Only while a coroutine is pushed on: other tests of this process have a loop, deadlines, and a log."""
    stands_for = [*((module, "asyncio", hand) for module in _DRIVEN), (budget_reconciler, "_log", _Log(told))]
    own = [module.__dict__[name] for module, name, _ in stands_for]
    for module, name, one in stands_for:
        module.__dict__[name] = one
    try:
        yield
    finally:
        for (module, name, _), real in zip(stands_for, own, strict=True):
            module.__dict__[name] = real
