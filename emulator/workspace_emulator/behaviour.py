"""How the workspace behaves, as far as it can be changed while it runs; what cannot is in `settings`."""

from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, model_validator

from workspace_emulator.contract.billing import Price


class RepeatedPut(StrEnum):
    """What a PUT of a job does whose id exists; no source shows the real service's answer, so all are played."""

    SAME = "same"  # the job as it is, nothing else happens
    CONFLICT = "conflict"  # 409
    REPLACE = "replace"  # the definition is replaced, the run is not repeated
    SECOND_RUN = "second-run"  # the job runs, and is billed, once more


class CancelAnswer(StrEnum):
    """How an accepted cancellation is answered."""

    JOB = "job"  # 200 with the job
    EMPTY = "empty"  # 204


class MetadataKeys(StrEnum):
    """What becomes of the keys of a job's metadata; recorded jobs show only letters, digits and `_` in them."""

    KEPT = "kept"  # all of them
    UNUSUAL_DROPPED = "unusual-dropped"  # those with other characters are left out
    UNUSUAL_REFUSED = "unusual-refused"  # 400 if there are such
    DROPPED = "dropped"  # the job keeps none


class FinalCancel(StrEnum):
    """How the cancellation of a job in a final state is answered."""

    ACCEPT = "accept"  # like any other, without an effect
    CONFLICT = "conflict"  # 409


class Billing(StrEnum):
    """How a workspace pays."""

    PAY_AS_YOU_GO = "pay-as-you-go"  # each unit has its price
    CREDITS = "credits"  # units are billed and counted, and each costs 0, as in every recorded job


class WorkspaceKind(StrEnum):
    """The kinds of workspace; of V2 none was ever recorded."""

    V1 = "V1"
    V2 = "V2"  # tells what is used of a provider's offer, too


class UnfinishedCost(StrEnum):
    """What a job that was billed and did not succeed shows as its `costEstimate`."""

    NONE = "none"  # null, as every recorded job that failed or was cancelled
    PARTIAL = "partial"  # half of what it would have cost


class QuotaRefusal(BaseModel):
    """How a job is refused that would take more than its provider's quota leaves; no recording shows one."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    status: int = Field(default=403, ge=400, le=599)
    code: str = "InsufficientQuota"


class Range(BaseModel):
    """A time span in seconds, from which each use draws a value."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    least: NonNegativeFloat = 0.0
    most: NonNegativeFloat = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.most < self.least:
            raise ValueError("`most` is less than `least`")
        return self


class TargetBehaviour(BaseModel):
    """What differs for one target; absent values come from the general settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    waiting_seconds: NonNegativeFloat | None = None
    executing_seconds: NonNegativeFloat | None = None
    available: bool = True
    cancellable: bool = True
    price: Price | None = None


class Behaviour(BaseModel):
    """How the workspace behaves; can be changed while it runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    waiting_seconds: NonNegativeFloat = Field(default=0.5, description="seconds a job waits")
    executing_seconds: NonNegativeFloat = Field(default=0.5, description="seconds a job executes, at least")
    finishing_seconds: NonNegativeFloat = Field(default=0.0, description="seconds in Finishing; 0 skips the stage")
    cancelling_seconds: NonNegativeFloat = Field(
        default=0.0, description="seconds in CancellationRequested and in Cancelling each; 0 skips them"
    )
    targets: dict[str, TargetBehaviour] = Field(default_factory=dict, description="what differs by target, as JSON")
    simulate: bool = Field(default=True, description="run programs; else every result is a labelled placeholder")
    seed: int | None = Field(default=None, description="makes runs repeatable")
    workspace_kind: WorkspaceKind = Field(
        default=WorkspaceKind.V1, description="V1, or V2, which answers /quotaUsages as well"
    )
    newer_status_words: bool = Field(default=False, description="say Queued and Completed for Waiting and Succeeded")
    cancelling_words: bool = Field(
        default=True,
        description="say CancellationRequested and Cancelling; else the word stays, and isCancelling alone tells",
    )
    refused_filter_words: list[str] = Field(
        default_factory=list, description="words that a list's filter may not have, such as Queued; they lead to 400"
    )
    billing: Billing = Field(
        default=Billing.PAY_AS_YOU_GO, description="pay-as-you-go, or credits, where each unit costs 0"
    )
    unfinished_cost: UnfinishedCost = Field(
        default=UnfinishedCost.NONE, description="the cost shown by jobs that did not succeed: none or partial"
    )
    bill_delay_seconds: NonNegativeFloat = Field(
        default=0.0, description="what a job cost is told so long after its end; null until then"
    )
    quota_limits: dict[str, float] = Field(default_factory=dict, description="limit of the quota by provider, as JSON")
    quota_refusal: QuotaRefusal | None = Field(
        default=None, description="status and code by which jobs beyond the quota are refused; they are not, if absent"
    )
    others_ahead: NonNegativeInt = Field(
        default=0, description="jobs of other workspaces that stand before each waiting job"
    )
    repeated_put: RepeatedPut = Field(
        default=RepeatedPut.SAME,
        description="what a PUT with a known job id does: same, conflict, replace or second-run",
    )
    put_delay_before: Range = Field(default=Range(), description="delay of a job's PUT before it takes effect")
    put_delay_after: Range = Field(
        default=Range(), description="delay of a job's PUT between its effect and its answer"
    )
    hidden_seconds: NonNegativeFloat = Field(
        default=0.0, description="a new job is not seen by other calls for so long"
    )
    cancel_answer: CancelAnswer = Field(
        default=CancelAnswer.JOB, description="how a cancellation is answered: job or empty"
    )
    final_cancel: FinalCancel = Field(
        default=FinalCancel.ACCEPT, description="how cancelling a final job is answered: accept or conflict"
    )
    session_idle_seconds: NonNegativeFloat = Field(
        default=600.0, description="a session without jobs times out after so long"
    )
    metadata_keys: MetadataKeys = Field(
        default=MetadataKeys.KEPT,
        description="what becomes of a job's metadata keys: kept, unusual-dropped or unusual-refused (other characters "
        "than letters, digits and _), or all dropped",
    )
    page_size: int = Field(default=100, ge=1, le=1000, description="largest page of a list")

    def of_target(self, target: str) -> TargetBehaviour:
        """Return what is set for one target alone."""
        return self.targets.get(target.lower(), TargetBehaviour())

    def waiting_at(self, target: str) -> float:
        """Return how many seconds a job waits for a target."""
        own = self.of_target(target).waiting_seconds
        return self.waiting_seconds if own is None else own

    def executing_at(self, target: str) -> float:
        """Return how many seconds a job executes on a target, at least."""
        own = self.of_target(target).executing_seconds
        return self.executing_seconds if own is None else own


class BehaviourSwitch:
    """The behaviour that holds now, and the way back to the one of the start.

    Args:
        initial: The behaviour at the start; a restart returns to it.
    """

    def __init__(self, initial: Behaviour) -> None:
        self._initial = initial
        self.now = initial

    def change(self, changes: dict[str, Any]) -> None:
        """Change the named settings and leave the others as they are.

        Raises:
            pydantic.ValidationError: A name or a value is wrong; then nothing is changed.
        """
        self.now = Behaviour.model_validate({**self.now.model_dump(), **changes})

    def reset(self) -> None:
        """Return to the behaviour of the start."""
        self.now = self._initial
