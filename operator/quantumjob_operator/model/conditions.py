"""How conditions change, by the Kubernetes API conventions.

Lives here: setting and dropping conditions in a tuple, and the three conditions that kstatus reads (Ready, Reconciling,
Stalled). Must not live here: which reason a job has (`lifecycle`).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from quantumjob_operator.model.jobstatus import Condition, State
from quantumjob_operator.model.values import replace

_MAX_MESSAGE: Final = 1024
Words = tuple[tuple[str, str, str, str], ...]
"""Types, states, reasons and messages of conditions."""


class Kind(StrEnum):
    """The types of condition on a QuantumJob."""

    SUBMITTED = "Submitted"
    COMPLETE = "Complete"
    FAILED = "Failed"
    FINISHED = "Finished"
    SUSPENDED = "Suspended"
    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"


_SUMMARIES: Final = frozenset({Kind.READY, Kind.FINISHED})


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, as metav1.Time is written."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, as metav1.MicroTime is written."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def with_condition(conditions: Iterable[Condition], new: Condition, now: datetime) -> tuple[Condition, ...]:
    """The conditions with one of them set.

    `lastTransitionTime` moves only when the condition's status changes; the order of the others stays.

    Args:
        conditions: As they were.
        new: The condition to set; its `last_transition_time` is ignored.
        now: The time of a transition.
    """
    before = list(conditions)
    old = next((one for one in before if one.type == new.type), None)
    moved = old is None or old.status != new.status
    since = stamp(now) if moved or old is None else old.last_transition_time
    settled = replace(new, message=new.message[:_MAX_MESSAGE], last_transition_time=since)
    if old is None:
        return (*before, settled)
    return tuple(settled if one is old else one for one in before)


def without_conditions(conditions: Iterable[Condition], kinds: Iterable[str]) -> tuple[Condition, ...]:
    """The conditions without those of the given types."""
    gone = frozenset(kinds)
    return tuple(one for one in conditions if one.type not in gone)


def words(conditions: Iterable[Condition], kinds: tuple[str, ...]) -> Words:
    """What the conditions of these types say, whenever and by whomever they were set."""
    there = {one.type: one for one in conditions}
    told = (there[kind] for kind in kinds if kind in there)
    return tuple((one.type, one.status, one.reason, one.message[:_MAX_MESSAGE]) for one in told)


def said_once(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Summaries name the condition that has their text instead of saying it again.

    Only Ready and Finished do: scripts read the others, and Flux and Argo CD show what Stalled and Reconciling say.

    Args:
        conditions: Those that are set together.
    """
    everything = tuple(conditions)
    said = {one.message: one.type for one in reversed(everything) if one.message and one.type not in _SUMMARIES}
    return tuple(
        replace(one, message=f"see condition {said[one.message]}")
        if one.type in _SUMMARIES and one.message in said
        else one
        for one in everything
    )


def for_kstatus(state: State, reason: str, message: str, generation: int) -> tuple[Condition, ...]:
    """The conditions by which Flux, Argo CD and kubectl-like tools read the job.

    Reconciling and Stalled are absent, not False, when they don't apply, and are never both there. A suspended job has
    none of the three, as a suspended batch/v1 Job.

    Source: kstatus's rules in `sigs.k8s.io/cli-utils/pkg/kstatus`.
    """

    def one(kind: Kind, *, true: bool) -> Condition:
        status = "True" if true else "False"
        return Condition(type=kind, status=status, reason=reason, message=message, observed_generation=generation)

    if state is State.SUSPENDED:
        return ()
    if state is State.SUCCEEDED:
        return (one(Kind.READY, true=True),)
    if state in (State.FAILED, State.CANCELLED):
        return (one(Kind.READY, true=False), one(Kind.STALLED, true=True))
    return (one(Kind.READY, true=False), one(Kind.RECONCILING, true=True))
