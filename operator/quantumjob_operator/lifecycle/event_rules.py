"""Which Events a change of status deserves: a function of the status before and after.

Derived from what was written, so that an Event can't speak of something that status doesn't say. Must not live here:
publishing (`cluster.events`).
"""

from collections.abc import Iterator

from quantumjob_operator.lifecycle.decision import Notice
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import JobStatus, State


def notices_between(before: JobStatus, after: JobStatus) -> tuple[Notice, ...]:
    """The Events of one written change, in the order in which things happened."""
    return tuple(_notices(before, after))


def _notices(before: JobStatus, after: JobStatus) -> Iterator[Notice]:
    yield from _submission(before, after)
    if (
        after.state is State.EXECUTING
        and before.state is not State.EXECUTING
        and after.condition(Kind.COMPLETE) is None
    ):
        yield Notice("Executing", f"job {after.job_id} executes")
    asked_before = before.cancellation.attempt if before.cancellation else None
    if after.cancellation and after.cancellation.attempt != asked_before:
        why = after.condition(Kind.RECONCILING)
        yield Notice("CancellationRequested", why.message if why else "")
    yield from _completion(before, after)
    failed = after.condition(Kind.FAILED)
    if failed and failed.status == "True" and not before.is_true(Kind.FAILED):
        yield Notice(failed.reason, failed.message, warning=failed.reason != "Cancelled")


def _submission(before: JobStatus, after: JobStatus) -> Iterator[Notice]:
    old, new = before.condition(Kind.SUBMITTED), after.condition(Kind.SUBMITTED)
    if new is None or after.is_true(Kind.FAILED):
        return
    if new.status == "True" and not (old and old.status == "True"):
        yield Notice("Submitted", f"{new.message} as {after.job_id}")
    if new.status == "False" and (old is None or old.reason != new.reason):
        yield Notice(new.reason, new.message, warning=new.reason != "Suspended")


def _completion(before: JobStatus, after: JobStatus) -> Iterator[Notice]:
    old, new = before.condition(Kind.COMPLETE), after.condition(Kind.COMPLETE)
    if new is None:
        return
    if new.status == "True" and not (old and old.status == "True"):
        yield Notice("OutputWritten", f"the output was written to ConfigMap {after.output_config_map}")
        yield Notice("Succeeded", f"job {after.job_id} succeeded")
    if new.status == "False" and (old is None or old.reason != new.reason):
        yield Notice(new.reason, new.message, warning=True)
