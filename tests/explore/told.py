"""What counts of an object beside its version and its times: a number for each value, counted once.

Must not live here: what counts of a state (`fingerprint`).
"""

import re
from datetime import datetime
from typing import Any, Final

from explore.parts import EPOCH, wall
from quantumjob_operator.lifecycle.doubts import doubt_of
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob

# A ledger's digest is of its times, too.
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\bdigest='[0-9a-f]{32}'")
_JOBS: Final[dict[int, tuple[QuantumJob, int]]] = {}
HOLDER: Final = re.compile(r"process-\d+")
"""A process's name in claims, and in what it says of them; which number it has is nobody's concern."""
_MOST_JOBS: Final = 50_000


def static(job: QuantumJob) -> int:
    """An object but for its version and times; counted once for each version, since versions are values."""
    known = _JOBS.get(id(job))
    if known is None:
        if len(_JOBS) > _MOST_JOBS:
            _JOBS.clear()
        status = text_of(job.status)
        claim = job.claim and (job.claim.attempt, job.claim.uid)
        told = (job.uid, job.name, claim, job.finalizers, job.deletion_requested, job.generation)
        known = _JOBS[id(job)] = (job, hash((*told, text_of(job.spec), status)))
    return known[1]


def holders_of(job: QuantumJob) -> list[str]:
    """The processes that an object names: in its claim, and in what status says of one that waits."""
    return [*([job.claim.holder] if job.claim else []), *HOLDER.findall(doubt_of(job.status))]


def static_budget(budget: QuantumBudget) -> int:
    """A budget but for its version and times; its spec never changes. Of times, in which period they are counts."""
    status = budget.status
    start = status.period.start if status.period else ""
    told = (
        start,
        tuple(past.start for past in status.history),
        tuple((one.period_start, one.counts_at < start) for one in status.reservations),
        budget.finalizers,
        budget.deletion_requested,
        budget.generation,
        status.counted is None,
        budget.doubted,
    )
    return hash((*told, text_of(status)))


def text_of(value: Any) -> int:
    """A status or a spec without its times, and without names of processes."""
    known = _TEXTS.get(id(value))
    if known is None:
        if len(_TEXTS) > _MOST_JOBS:
            _TEXTS.clear()
        known = _TEXTS[id(value)] = (value, hash(HOLDER.sub("", _TIME.sub("", repr(value)))))
    return known[1]


_TEXTS: Final[dict[int, tuple[Any, int]]] = {}


def moment(stamped: str) -> float:
    """The virtual time of a stamp."""
    known = _MOMENTS.get(stamped)
    if known is None:
        known = _MOMENTS[stamped] = EPOCH + (datetime.fromisoformat(stamped) - wall(EPOCH)).total_seconds()
    return known


_MOMENTS: Final[dict[str, float]] = {}
