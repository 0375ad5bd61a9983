"""From the reason in a condition to what it means, what to do and what comes next: a table and one function. Pure.

The reasons and their remedies are those of docs/operations.md; a test holds the two together.
"""

from dataclasses import dataclass
from typing import Any, Final

from quantumjobs import facts

_GOES_ON: Final = "it goes on by itself when the cause is gone"
REMEDIES: Final = {
    "WorkspaceNotFound": "have the QuantumWorkspace created, or the namespace allowed by its owner",
    "WorkspaceNotReady": "`kubectl describe quantumworkspace` says why; its owner has to act",
    "WorkspaceChanged": "the workspace leads somewhere else now: have it restored, or submit a new job",
    "MaxJobsInFlight": "wait for a free place, or have the workspace's limit raised",
    "WriteRefused": "the cluster's policy refuses what the operator writes: ask who set it; the message quotes it",
    "OutputReserved": "change spec.output as the message says",
    "OwnerUnknown": "look at the job in Azure; another idempotency key in a new job runs this program, and is billed",
    "AttemptsUnexplained": "ask the workspace's owner whether its endpoint is Azure Quantum",
    "ProgramNotFound": "create the ConfigMap or Secret that spec.program names",
    "ProgramChanged": "restore the program as it was, or submit a new job",
    "PriceListUnreadable": "have the workspace's price list repaired; the message names the field",
    "TargetNotAllowed": "name a target that the QuantumPolicy allows, in a new job; the message lists them",
    "ProviderNotAllowed": "name a provider that the QuantumPolicy allows, in a new job; the message lists them",
    "ShotsMissing": "set spec.parameters.shots in a new job: the namespace's QuantumPolicy wants it",
    "TooManyShots": "use fewer shots in a new job, or have the namespace's QuantumPolicy changed",
    "PriorityNotAllowed": "take a priority that the namespace's QuantumPolicy allows, in a new job",
    "MaxCostMissing": "set spec.maxCost in a new job: the namespace's QuantumPolicy wants it",
    "PolicyUnreadable": "have the namespace's QuantumPolicy repaired; the message names the field",
    "BudgetExceeded": "wait, use fewer shots in a new job, or have the budget's limit raised; the message says when",
    "AboveJobLimit": "use fewer shots in a new job, or ask the owner of the budget",
    "CostUnknown": "set spec.maxCost in a new job",
    "BudgetUnreadable": "ask the owner of the budget to mend it, or who runs the operator to upgrade it",
    "BudgetSuspended": "ask the owner of the budget, who has stopped everything that costs",
    "BudgetCounting": "wait: what was spent is being counted",
    "BudgetBusy": "wait: as much of your namespace is under way as the budget can keep account of",
    "OutputConfigMapConflict": "remove the ConfigMap that has the output's name, or choose another name",
    "ObjectTooLarge": "remove annotations from the QuantumJob, or shorten spec.output",
    "DuplicateIdempotencyKey": "wait: another job with the same key goes first, and this one takes over its result",
    "CopiedObject": "delete this copy, or remove the annotation quantumjobs.dev/claim to run (and pay) it",
    "ClaimUnreadable": "restore the annotation quantumjobs.dev/claim, or remove it",
    "CRDOutdated": "have the CRDs upgraded",
    "SubmissionUnconfirmed": "wait a minute: an earlier request may have arrived, and that is found out first",
    "Throttled": "wait: the service asks for fewer requests",
    "QuotaExhausted": "have the quota or the credit raised, or wait until it is renewed; it is tried again",
    "TargetUnavailable": "wait, or choose another target in a new job",
    "ServiceUnavailable": "wait: the service cannot be reached, and it is tried again",
    "Retrying": "wait: it failed for a transient reason and runs again",
    "JobFailed": "read the error: the provider ran it and says Failed",
    "Rejected": "submit a new job with what the message names corrected; nothing was paid",
    "JobNotFound": "ask Azure's support with the job id before you run it again",
    "Cancelled": "submit a new job to run it again; a job that had begun may have been billed",
    "CancelledExternally": "somebody cancelled it at the service, outside this cluster",
    "DeadlineExceeded": "submit a new job with a longer deadline",
    "QueueDeadlineExceeded": "submit a new job with a longer queue deadline, or for a target with a shorter queue",
    "AboveMaxCost": "use fewer shots, or raise spec.maxCost, in a new job; nothing was sent",
    "CostAboveMaximum": "compare the bill with the workspace's price list, and have its margin or prices raised",
    "CostNotComparable": "limit the currency of the bill in a new job, and have the price list tell it",
    "IdempotencyKeyReused": "another program stands under the same key: choose another key",
    "OutputMissing": "wait: the result may come late; after ten minutes the job ends without it",
    "OutputUnreadable": "wait: the result is fetched again; after ten minutes the job ends without it",
    "Waiting": "wait: it stands in the provider's queue",
    "Executing": "wait: it runs, or its output is fetched",
    "Cancelling": "wait: the service has not confirmed the cancellation yet",
    "Suspended": "set spec.suspend to false to run it",
    "OutputWritten": "",
    "Succeeded": "",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a job is where it is.

    Attributes:
        name: The job.
        state: The operator's summary.
        reason: One word, as in conditions and Events.
        message: The operator's sentence.
        remedy: What to do; empty if there is nothing.
        next: What comes next.
        since: When this began, as the API says it; empty if unknown.
        error: The service's code and text; empty if it gave none.
        budgets: What QuantumBudgets count for it; empty if none does.
    """

    name: str
    state: str
    reason: str
    message: str
    remedy: str
    next: str
    since: str
    error: str
    budgets: str = ""

    def lines(self) -> list[str]:
        """What it says, in lines: the text of one may hold anything."""
        head = f"{self.name}: {self.state}" + (f" ({self.reason})" if self.reason else "")
        parts = [head, self.message, self.error and f"the service says: {self.error}"]
        parts += [f"budget: {one}" for one in self.budgets.split("; ") if one]
        return [part for part in [*parts, self.remedy and f"do: {self.remedy}", f"next: {self.next}"] if part]

    def __str__(self) -> str:
        return "\n  ".join(self.lines())


def explain(resource: dict[str, Any]) -> Explanation:
    """Say why a job is where it is."""
    reason, message = facts.reason(resource)
    error = facts.status_of(resource).get("error") or {}
    said = ": ".join(str(error[key]) for key in ("code", "message") if error.get(key))
    since = facts.condition(resource, "Finished" if facts.condition(resource, "Finished").holds else "Submitted").since
    return Explanation(
        name=facts.name_of(resource),
        state=facts.state(resource),
        reason=reason or "NotSeen",
        message=message or "the operator has not seen this job yet",
        remedy=REMEDIES.get(reason, "") if reason else "if this lasts, ask whether the operator runs in this cluster",
        next=_next(resource),
        since=since,
        error=said,
        budgets=facts.budgets(resource),
    )


def _next(resource: dict[str, Any]) -> str:
    match facts.outcome(resource):
        case facts.Outcome.SUCCEEDED:
            return f"`kubectl quantum counts {facts.name_of(resource)}`"
        case facts.Outcome.FAILED | facts.Outcome.CANCELLED:
            return "nothing: it has ended"
    if facts.state(resource) == "Suspended":
        return "nothing, while it is suspended"
    if facts.condition(resource, "Submitted").status == "False":
        return _GOES_ON
    return "it ends by itself; `kubectl quantum wait` waits for that"
