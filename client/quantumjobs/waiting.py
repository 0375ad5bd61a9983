"""Waiting until jobs have ended (or were submitted), and what a set of endings amounts to.

Must not live here: the requests (`following`), or how progress is shown.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from quantumjobs import facts
from quantumjobs.errors import (
    ExitCode,
    JobCancelledError,
    JobFailedError,
    NotFoundError,
    QuantumJobsError,
    WaitTimeoutError,
)
from quantumjobs.facts import Outcome
from quantumjobs.following import Change, Selection, follow
from quantumjobs.kubeapi import KubeApi
from quantumjobs.why import explain

Resource = dict[str, Any]
Watcher = Callable[[Change], None]
_ORDER: Final = (ExitCode.NOT_FOUND, ExitCode.JOB_FAILED, ExitCode.JOB_CANCELLED, ExitCode.TIMED_OUT)


class Until(StrEnum):
    """What is waited for."""

    FINISHED = "finished"
    SUBMITTED = "submitted"


@dataclass(frozen=True, slots=True)
class Ending:
    """One job at the end of the waiting.

    Attributes:
        resource: As it was last seen.
        gone: Whether it was deleted before it had ended.
        met: Whether what was waited for happened.
    """

    resource: Resource
    gone: bool
    met: bool

    @property
    def code(self) -> ExitCode:
        """The exit code of this job alone."""
        if self.gone:
            return ExitCode.NOT_FOUND
        match facts.outcome(self.resource):
            case Outcome.FAILED:
                return ExitCode.JOB_FAILED
            case Outcome.CANCELLED:
                return ExitCode.JOB_CANCELLED
        return ExitCode.SUCCEEDED if self.met else ExitCode.TIMED_OUT

    def error(self) -> QuantumJobsError | None:
        """What is wrong with it, in one line; None if nothing is."""
        name, state = facts.name_of(self.resource), facts.state(self.resource)
        match self.code:
            case ExitCode.NOT_FOUND:
                return NotFoundError(f"{name} was deleted while it was waited for; last seen {state}")
            case ExitCode.TIMED_OUT:
                return WaitTimeoutError(f"{name} is still {state} and goes on: `kubectl quantum wait {name}`")
            case ExitCode.JOB_FAILED:
                return JobFailedError(_ended(self.resource, "failed"))
            case ExitCode.JOB_CANCELLED:
                return JobCancelledError(_ended(self.resource, "was cancelled"))
        return None


def wait(
    api: KubeApi,
    selection: Selection,
    *,
    timeout: float | None,
    until: Until = Until.FINISHED,
    watcher: Watcher | None = None,
) -> list[Ending]:
    """Wait for all of them, whatever becomes of the first.

    Args:
        api: The cluster.
        selection: The jobs.
        timeout: Seconds; None waits for ever.
        until: What is waited for.
        watcher: Told of each change.

    Raises:
        NotFoundError: A name that is waited for does not exist, or nothing is selected.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    endings: dict[str, Ending] = {}
    listed = False
    for change in follow(api, selection, deadline=deadline):
        if change is not None:
            if watcher:
                watcher(change)
            ending = _ending(change, until)
            endings[facts.name_of(ending.resource)] = ending
        elif not listed:
            listed = True
            _all_there(selection, endings)
        if listed and all(one.met or one.gone for one in endings.values()):
            break
    return [endings[name] for name in sorted(endings)]


def verdict(endings: Iterable[Ending]) -> ExitCode:
    """One exit code for many jobs: the worst of theirs."""
    codes = {ending.code for ending in endings}
    return next((code for code in _ORDER if code in codes), ExitCode.SUCCEEDED)


def _ending(change: Change, until: Until) -> Ending:
    resource = change.resource
    ended = facts.outcome(resource) is not Outcome.RUNNING
    met = ended or (until is Until.SUBMITTED and facts.is_submitted(resource))
    # The last word of a job that its TTL removed is that it had ended.
    return Ending(resource, gone=change.deleted and not ended, met=met)


def _all_there(selection: Selection, endings: dict[str, Ending]) -> None:
    missing = sorted(selection.names - endings.keys())
    if missing:
        raise NotFoundError(f"there is no quantumjob {', '.join(missing)} in namespace {selection.namespace}")
    if not endings:
        raise NotFoundError(f"no quantumjob in namespace {selection.namespace} matches {selection.selector!r}")


def _ended(resource: Resource, how: str) -> str:
    said = explain(resource)
    detail = said.error or said.message
    return f"{said.name} {how} ({said.reason}): {detail}; `kubectl quantum why {said.name}` says what to do"
