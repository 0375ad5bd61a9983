"""For how long whoever works has waited for its turn at something that tenants share: that is no slowness of its own.

Must not live here: what they wait for, or what follows from being slow (`work_queue`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Waited:
    """All waits of one piece of work; several at a time are added up.

    Attributes:
        worker: Whose work it is.
        seconds: So long.
    """

    worker: str = ""
    seconds: float = 0.0


_current: ContextVar[Waited | None] = ContextVar("waited", default=None)


@contextmanager
def measuring_waits(worker: str = "") -> Iterator[Waited]:
    """Have what waits in this context, and in the tasks that are made in it, add its waits to one sum.

    Args:
        worker: Whose work it is: a namespace.
    """
    waited = Waited(worker)
    token = _current.set(waited)
    try:
        yield waited
    finally:
        _current.reset(token)


def waits_here() -> Waited:
    """The sum for this context; one that nobody looks at outside of any work."""
    return _current.get() or Waited()


def waits_behind(tenant: str) -> Waited:
    """As `waits_here`, for what a tenant itself holds up: whoever waits for its own doing has not waited.

    Args:
        tenant: A namespace, or one's part of what is another's: `platform/research`.
    """
    return Waited() if _is_worker(tenant) else waits_here()


@contextmanager
def waiting_for(tenant: str, clock: Callable[[], float]) -> Iterator[None]:
    """Have all of this count as a wait, whatever it waits for in turn; unless it is the worker's own, as above.

    Args:
        tenant: For whom it is done, whoever asks.
        clock: Seconds.
    """
    if _is_worker(tenant):
        yield
        return
    waits, since = waits_here(), clock()
    try:
        with measuring_waits(waits.worker):
            yield
    finally:
        waits.seconds += clock() - since


def _is_worker(tenant: str) -> bool:
    return waits_here().worker == tenant.rpartition("/")[2]
