"""What is known about one job at the moment of a decision.

Lives here: the values that the shell gathers and `decide` reads. None means "not looked at yet"; a `Trouble` means
"looked, and this is in the way". Must not live here: how anything is found out, or what follows from it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from quantumjob_operator.quantumjob import QuantumJob
from quantumjob_operator.remotejob import CancelAnswer, RemoteJob


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that keeps a step from being done.

    Attributes:
        reason: CamelCase, for the condition and the Event.
        message: Names the field and the remedy.
        retry_after: Seconds that the other side asked us to wait, if it did.
        final: The same request can never succeed.
        unconfirmed: The request may have taken effect all the same.
    """

    reason: str
    message: str
    retry_after: float | None = None
    final: bool = False
    unconfirmed: bool = False


class Absent(StrEnum):
    """The service answered that it has no such job."""

    ABSENT = "Absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class WorkspaceFacts:
    """The workspace that the job's reference resolves to.

    Attributes:
        id: Canonical (lower-case) resource id.
        resource_id: As the administrator wrote it.
        endpoint: Origin of the data plane.
    """

    id: str
    resource_id: str
    endpoint: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """The program, read. Its bytes stay with the shell.

    Attributes:
        digest: Of the program alone.
        spec_digest: Of everything that is bought: provider, target, formats, parameters, session and program.
    """

    digest: str
    spec_digest: str = ""


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """The object that an idempotency key belongs to, if there are several with the same.

    Attributes:
        uid: Of the owner; our own if it is us.
        finished: Whether its job has ended, so that it can be adopted.
    """

    uid: str
    name: str
    finished: bool = False


@dataclass(frozen=True, slots=True)
class OutputPlace:
    """The output ConfigMap: its name is free or ours, or it has been written."""

    name: str
    written: bool = False


@dataclass(frozen=True, slots=True)
class Tenure:
    """This process's right to act on the job, and how far it can trust a 404.

    Attributes:
        holder: This process's name in claims.
        never_sent: The claim was written here on an object that had none, and nothing has been sent since.
        doubt_left: Seconds for which a 404 is not believed yet, because a request may still take effect.
        absence_left: Seconds for which a 404 for an accepted job is not believed yet.
        failures: Steps in a row that met trouble; for the back-off.
        output_doubt_left: Seconds for which an unreadable result is tried again.
        since_cancel: Seconds since this process last asked to cancel; None if it never did.
    """

    holder: str
    never_sent: bool = False
    doubt_left: float = 0.0
    absence_left: float = 0.0
    failures: int = 0
    output_doubt_left: float = 600.0
    since_cancel: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The administrator's settings that decisions depend on."""

    cancellation_grace: float = 300.0
    cancel_again: float = 30.0
    cluster: str = ""
    adoptable_clusters: frozenset[str] = frozenset()
    crd_outdated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything that is known at one moment; `decide` is a function of this alone.

    Attributes:
        workspace: Where the job is served; for a claimed job the claim's workspace, wherever the reference leads now.
        workspace_moved: The reference of a claimed job now leads to another workspace, or to none.
        job_id: The id of the attempt that the claim (or status) names.
        full: The workspace takes no further job of ours now.
        later_attempts_checked: The service was asked for attempts beyond the claimed one.
    """

    job: QuantumJob
    now: datetime
    tenure: Tenure
    limits: Limits = Limits()
    workspace: WorkspaceFacts | Trouble
    workspace_moved: bool = False
    job_id: str | None = None
    program: ProgramFacts | Trouble | None = None
    remote: RemoteJob | Absent | Trouble | None = None
    submission: RemoteJob | Trouble | None = None
    cancel: CancelAnswer | Trouble | None = None
    output: OutputPlace | Trouble | None = None
    key_owner: KeyOwner | None = None
    full: Trouble | None = None
    later_attempts_checked: bool = False
