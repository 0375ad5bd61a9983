"""What can be made to go wrong, and when it acts: the values that the admin route takes; nothing acts here."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt, model_validator

from workspace_emulator.behaviour import Range
from workspace_emulator.contract.operations import Operation


class FaultKind(StrEnum):
    """What goes wrong."""

    DELAY_BEFORE = "delay-before"
    DELAY_AFTER = "delay-after"
    DROP_BEFORE = "drop-before"
    DROP_AFTER = "drop-after"
    STATUS_BEFORE = "status-before"
    STATUS_AFTER = "status-after"
    HTML_PAGE = "html-page"
    TRUNCATED_BODY = "truncated-body"
    UNKNOWN_STATUS = "unknown-status"
    STALE_LIST = "stale-list"
    SHORT_LIST = "short-list"
    MISSING_OUTPUT = "missing-output"
    FAILED_RUN = "failed-run"


class Stage(StrEnum):
    """When a fault acts."""

    BEFORE = "before"
    AFTER = "after"
    RUN = "run"
    OUTPUT = "output"


class Fault(BaseModel):
    """One armed fault.

    Attributes:
        operation: Where it acts; everywhere if absent.
        kind: What goes wrong.
        count: How many times, a list being one; without an end if absent.
        probability: How likely it is each time.
        job: The id of the only job that is concerned; all if absent.
        seconds: Length of a delay, or how long an output is missing.
        status: HTTP status of an error or page.
        code: Error code of a status, or of a run that fails (which then tells nothing at all if this is empty).
        retry_after: Value of the header `Retry-After`, seconds or a date.
        word: The status word that a job shows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: Operation | None = None
    kind: FaultKind
    count: PositiveInt | None = None
    probability: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    job: str | None = None
    seconds: NonNegativeFloat | Range = 1.0
    status: Annotated[int, Field(ge=400, le=599)] = 503
    code: str = "InjectedFault"
    retry_after: str | None = None
    word: str = "Recalibrating"

    @model_validator(mode="after")
    def _job_is_lower_case(self) -> Self:
        if self.job is not None and self.job != self.job.lower():
            return self.model_copy(update={"job": self.job.lower()})
        return self
