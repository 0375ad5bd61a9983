"""A job as the workspace knows it: its states and value; what moves it is `timeline`, what keeps it is `job_store`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workspace_emulator.contract.billing import money
from workspace_emulator.contract.definitions import JobDefinition
from workspace_emulator.contract.errors import JobError
from workspace_emulator.storage.account import BlobName


class JobStatus(StrEnum):
    """States of a job; two of them have a newer name too (see `NEWER_WORDS`)."""

    WAITING = "Waiting"
    EXECUTING = "Executing"
    CANCELLATION_REQUESTED = "CancellationRequested"
    CANCELLING = "Cancelling"
    FINISHING = "Finishing"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


FINAL: Final = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED})
BEING_CANCELLED: Final = frozenset({JobStatus.CANCELLATION_REQUESTED, JobStatus.CANCELLING})
NEWER_WORDS: Final = {JobStatus.WAITING: "Queued", JobStatus.SUCCEEDED: "Completed"}
JOB_TYPE: Final = "QuantumComputing"


@dataclass(frozen=True, slots=True)
class Job:
    """One job; times are seconds since the epoch.

    Attributes:
        id: The caller's GUID.
        definition: What the caller asked for.
        program: The uploaded program.
        output: Where the result is, or will be.
        stale_sas: An expired SAS, as lists show it.
        status: Where it is.
        run: Counts the billed runs of this id, from 1.
        created: When it was accepted.
        visible_from: Before this, other calls do not see it.
        due: When its present stage ends at the earliest.
        units: What a run takes of its provider's quota.
        unit_price: What each of them costs, in money.
        is_paid: Whether it is billed yet: from the moment it executes.
    """

    id: str
    definition: JobDefinition
    program: BlobName
    output: BlobName
    stale_sas: str
    status: JobStatus
    run: int
    created: float
    visible_from: float
    due: float
    units: float
    unit_price: float
    begun: float | None = None
    ended: float | None = None
    cancelled: float | None = None
    error: JobError | None = None
    is_paid: bool = False

    @property
    def cost(self) -> float:
        """What it costs so far, in money."""
        return money(self.units, self.unit_price) if self.is_paid else 0.0

    @property
    def modified(self) -> float:
        """When it last changed its state, as far as its times tell."""
        return max(when for when in (self.created, self.begun, self.ended, self.cancelled) if when is not None)

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to this run."""
        return self.status in FINAL
