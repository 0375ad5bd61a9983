"""What is known about one job at the moment of a decision.

Lives here: the values that the shell gathers and `decide` reads. None means "not asked for yet"; a `Trouble` means
"asked, and this is in the way". Must not live here: how anything is found out, or what follows from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from quantumjob_operator.model.jobstatus import BudgetShown, ErrorShown
from quantumjob_operator.model.money import Estimate
from quantumjob_operator.model.naming import place_digest
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumpolicy import QuantumPolicy
from quantumjob_operator.model.remotejob import CancelAnswer, RemoteJob


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that keeps a step from being done.

    Attributes:
        reason: CamelCase, for the condition and the Event.
        message: Names the field and the remedy.
        retry_after: Seconds that the other side asked us to wait, if it did.
        final: The same request can never succeed.
        unconfirmed: The request may have taken effect all the same.
        unreadable: It was answered as a success, in no way that can be read.
        error: The service's own code and words, if it answered.
    """

    reason: str
    message: str
    retry_after: float | None = None
    final: bool = False
    unconfirmed: bool = False
    unreadable: bool = False
    error: ErrorShown | None = None


def left_behind(workspace_id: str) -> Trouble:
    """No QuantumWorkspace leads to the Azure workspace that a job was claimed for."""
    return Trouble(
        "WorkspaceChanged",
        f"the job was claimed for {workspace_id} and no QuantumWorkspace that it may use leads there now; "
        "restore that QuantumWorkspace",
    )


class Absent(StrEnum):
    """The service answered that it has no such job."""

    ABSENT = "Absent"


_FIRST_RETRY: Final = 1.0
_MAX_DOUBLINGS: Final = 6
ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class WorkspaceFacts:
    """The workspace that the job's reference resolves to.

    Attributes:
        id: Canonical (lower-case) resource id.
        resource_id: As the administrator wrote it.
        endpoint: Origin of the data plane.
        uid: Of the object.
        offers: Its `status.targets`.
        guards_quota: Whether jobs that the provider's quota does not serve are held.
    """

    id: str
    resource_id: str
    endpoint: str
    namespace: str
    name: str
    uid: str
    offers: Sequence[Mapping[str, Any]] = ()
    guards_quota: bool = False

    @property
    def place(self) -> str:
        """As `QuantumWorkspace.place`."""
        return place_digest(self.id, self.endpoint)


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """News of a waiting job's place in its provider's queue.

    Attributes:
        ahead: How many jobs are before it; None if the service no longer says.
        usual_wait: For how long jobs waited lately for its target, in seconds, if that is known.
    """

    ahead: int | None
    usual_wait: int | None = None


@dataclass(frozen=True, slots=True)
class QuotaLooked:
    """The provider's quotas leave enough for the job.

    Attributes:
        note: Why nothing could be compared; empty if something was.
    """

    note: str = ""


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """The program, read. Its bytes stay with the shell.

    Attributes:
        digest: Of the program alone.
        spec_digest: Of everything that is bought: provider, target, formats, parameters, session and program.
        entry_points: Names of the functions that it may begin with; None if they don't matter, or can't be told. Of
            several, which no job is sent with, the beginnings of the first.
        further: How many more of them there are.
        unread: Why they can't be told, and what follows; empty if they can, or don't matter.
        estimate: What it is expected to cost; None if the QuantumWorkspace names no price list.
    """

    digest: str
    spec_digest: str = ""
    entry_points: tuple[str, ...] | None = None
    further: int = 0
    unread: str = ""
    estimate: Estimate | Trouble | None = None


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """The object that an idempotency key belongs to, of those with the same key whose jobs have not ended.

    Attributes:
        uid: Of the owner; our own if it is us.
        contender: Name of an object that has claimed the key as well, and may have sent the job already.
        unheard: The watch has not told yet that it is the owner, so that nobody would be woken when it no longer is.
    """

    uid: str
    name: str
    contender: str | None = None
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class OutputPlace:
    """The output ConfigMap: its name is free or ours, or it has been written."""

    name: str
    written: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """What one process has seen of an object's claims, beyond the one that is believed.

    Attributes:
        named: The highest attempt that they have named, believed or not: it may have been sent.
        stored: The attempt that the claim names as it is stored, 0 without one; None: as it is believed.
        lost: One was taken off, set back or taken over since the last reconciliation, whatever stands there by now.
    """

    named: int = 0
    stored: int | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class ClaimOwnership:
    """This process's right to act on the job, and how far it can trust a 404.

    Attributes:
        holder: This process's name in claims.
        never_sent: The claim was written here on an object that had none, and nothing has been sent since. Says
            nothing once another process holds the claim (`Observation.never_sent`).
        fence_left: Seconds for which a 404 is not believed yet, because a request may still take effect.
        absence_left: Seconds for which a 404 for an accepted job is not believed yet.
        failures: Steps in a row that met trouble; for the back-off.
        troubled: Seconds since the first of them; 0 without trouble.
        output_retry_left: Seconds for which an unreadable result is tried again.
        since_cancel: Seconds since this process last asked to cancel; None if it never did.
        asking: Seconds since it first did.
        rival_left: Seconds for which a claim of another process is left to it, because it was seen to be alive.
    """

    holder: str
    never_sent: bool = False
    fence_left: float = 0.0
    absence_left: float = 0.0
    failures: int = 0
    troubled: float = 0.0
    output_retry_left: float = 600.0
    since_cancel: float | None = None
    asking: float = 0.0
    rival_left: float = 0.0

    def soon(self, left: float) -> float:
        """Seconds until the service is asked again, at most so many."""
        return min(left, _FIRST_RETRY * 2.0 ** min(self.failures, _MAX_DOUBLINGS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The administrator's settings that decisions depend on."""

    cancellation_grace: float = 300.0
    cancel_again: float = 30.0
    cluster: str = ""
    adoptable_clusters: frozenset[str] = frozenset()
    crd_outdated: bool = False
    reserved_output_names: tuple[str, ...] = ()
    reserved_output_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything that is known at one moment; `decide` is a function of this alone.

    Attributes:
        workspace: Where the job is served; for a claimed job the claim's workspace, wherever the reference leads now.
        workspace_moved: The reference of a claimed job now leads to another workspace, or to none.
        job_id: The id of the attempt that the claim (or status) names.
        needs_slot: The job has no in-flight slot and has not asked for one; it does once nothing else is in its way.
        in_line: It waits for one already, and has not asked again.
        full: The workspace takes no further job of ours now.
        quota: What the provider's quotas leave, where they are enforced.
        needs_reservation: Budgets may count the job, and were not asked yet.
        kept_back: A budget does not let the job be submitted.
        reserved: What budgets have set aside for the attempt.
        settled: What budgets count for the attempt, once it is settled.
        later_attempts_checked: The service was asked for attempts beyond the claimed one.
        queue: News of its place in the provider's queue, if there are any.
        policies: The QuantumPolicies of its namespace, by name.
        gone: The object is no longer in the cluster; its job is brought to an end all the same.
        marked: Whether the remote job says that its object released it on purpose: False if it can't be told.
        unfollowed: This process's poller does not follow the job yet, and soon lists it with all the others if it does.
        bill_due: The job has ended, and it is time to ask again what it cost (`late_bills`).
    """

    job: QuantumJob
    now: datetime
    ownership: ClaimOwnership
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
    needs_slot: bool = False
    in_line: bool = False
    full: Trouble | None = None
    quota: QuotaLooked | Trouble | None = None
    needs_reservation: bool = False
    kept_back: Trouble | None = None
    reserved: tuple[BudgetShown, ...] = ()
    settled: tuple[BudgetShown, ...] | None = None
    later_attempts_checked: bool = False
    queue: QueuePlace | None = None
    policies: tuple[QuantumPolicy, ...] = ()
    gone: bool = False
    marked: bool | Trouble | None = None
    unfollowed: bool = False
    bill_due: bool = False

    @property
    def holds_claim(self) -> bool:
        """Whether the claim is this object's and names this process."""
        claim = self.job.claim
        return claim is not None and claim.uid == self.job.uid and claim.holder == self.ownership.holder

    @property
    def never_sent(self) -> bool:
        """Whether it is certain that nothing was sent under this claim; another holder may have sent what it likes."""
        return self.ownership.never_sent and self.holds_claim

    @property
    def way(self) -> WorkspaceFacts | Trouble:
        """The workspace to ask; in another one than the claim's, "no such job" would mean nothing."""
        workspace, claim = self.workspace, self.job.claim
        if claim is None or isinstance(workspace, Trouble) or workspace.id == claim.workspace:
            return workspace
        return left_behind(claim.workspace)
