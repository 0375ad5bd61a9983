"""What the service tells of a job, as it may stand in `.status`.

Text from outside is cleaned and cut, so that no answer can make the API server refuse a status. Must not live here:
what follows from it (`progress`).
"""

import re
from datetime import datetime
from typing import Final

from quantumjob_operator.lifecycle.confidential import shown_error
from quantumjob_operator.lifecycle.costs import cost_of
from quantumjob_operator.lifecycle.observation import Observation
from quantumjob_operator.lifecycle.transitions import FINAL_SIGHTINGS, Sighting, seen_as
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.jobstatus import ErrorShown, JobStatus, QueueShown, State
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.redaction import clean_text
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.values import replace

MAX_URI: Final = 2048
_URI: Final = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_WITH_OUTPUT: Final = frozenset({Sighting.SUCCEEDED, Sighting.FAILED})
"""Of a job that failed the service may say to look into its output."""
_TOLD: Final = {
    State.WAITING: "the job waits in the provider's queue",
    State.EXECUTING: "the job executes",
    State.CANCELLING: "the service is cancelling the job",
}


def told_of(state: State) -> str:
    """What people are told of a job that is at the service; the same at its first sight, or each costs a write."""
    return _TOLD.get(state, "the job is at the service")


def mirror(seen: Observation, remote: RemoteJob) -> JobStatus:
    """The status with everything that the service tells of the job, before any condition."""
    base = seen.job.status
    ended = stamp(seen.now) if seen_as(remote) in FINAL_SIGHTINGS else None
    begun = _shown(remote.begin_execution_time) or base.start_time
    # Without the service's word for it, the end is when it was first seen.
    over = ended and (_shown(remote.end_execution_time) or base.completion_time or ended)
    return replace(
        base,
        remote_status=clean_text(remote.status),
        start_time=begun,
        completion_time=over,
        duration=_between(begun, over),
        cancellation_time=_shown(remote.cancellation_time) or base.cancellation_time,
        output_uri=_shown_output(remote) or base.output_uri,
        # A refusal that was shown meanwhile is over: the service has answered since.
        error=error_of(seen.job, remote),
        cost=cost_of(remote) or base.cost,
        queue=_queue(seen),
    )


def _between(begun: str | None, over: str | None) -> str | None:
    """The time between two stamps, as Go and Kubernetes spell a duration; None for what can't be one."""
    if not begun or not over:
        return None
    seconds = int((datetime.fromisoformat(over) - datetime.fromisoformat(begun)).total_seconds())
    if seconds < 0:
        return None
    (minutes, rest), parts = divmod(seconds, 60), []
    if minutes >= 60:  # noqa: PLR2004 - minutes of an hour
        parts.append(f"{minutes // 60}h")
    if minutes:
        parts.append(f"{minutes % 60}m")
    return "".join([*parts, f"{rest}s"])


def _queue(seen: Observation) -> QueueShown | None:
    """As it was shown until there is news; `draw` takes it away from a job that does not wait."""
    place = seen.queue
    if place is None:
        return seen.job.status.queue
    return None if place.ahead is None else QueueShown(place.ahead, stamp(seen.now), place.usual_wait)


def _shown_output(remote: RemoteJob) -> str | None:
    return whole_uri(remote.output_uri) if seen_as(remote) in _WITH_OUTPUT else None


def whole_uri(uri: str | None) -> str | None:
    """The URI whole or not at all: a part of it leads nowhere, nor does what is none, or what cleaning changes."""
    whole = uri is not None and len(uri) <= MAX_URI and _URI.fullmatch(uri) and clean_text(uri, MAX_URI) == uri
    return uri if whole else None


def error_of(job: QuantumJob, remote: RemoteJob) -> ErrorShown | None:
    """The service's words as they may stand in a status: text from outside, of any length."""
    if remote.error is None:
        return None
    return shown_error(remote.error.code, remote.error.message, confidential=job.confidential)


def _shown(moment: datetime | None) -> str | None:
    """A time of the service, for show."""
    return stamp(moment) if moment else None
