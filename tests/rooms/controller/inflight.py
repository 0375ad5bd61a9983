"""Workspaces, jobs that wait for a place there or have one, and whom the limiter wakes."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.model.jobstatus import JobStatus, WorkspaceUsed
from quantumjob_operator.model.naming import CLAIM_ANNOTATION, FINALIZER
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace, referenced_name
from rooms.model.bodies import RESOURCE_ID, job, workspace

SHARED: Final = ("platform", "shared")
OWN: Final = ("b", "own")


def shared(**limits: int) -> QuantumWorkspace:
    """The workspace of the platform team."""
    return workspace(limits, namespace=SHARED[0], name=SHARED[1])


def own_object() -> QuantumWorkspace:
    """An object of tenant b that names the same Azure workspace, without a limit."""
    return workspace(namespace=OWN[0], name=OWN[1], uid="own")


def waiting_job(uid: str, through: tuple[str, str] = SHARED) -> QuantumJob:
    """A job that was not submitted; the letter before its number is its namespace."""
    ref = {"workspaceRef": {"namespace": through[0], "name": through[1]}}
    return job(ref, uid=uid, name=uid, namespace=uid[0])


def flying_job(uid: str, through: tuple[str, str] = SHARED) -> QuantumJob:
    """A job that is at the service."""
    ref = {"workspaceRef": {"namespace": through[0], "name": through[1]}}
    claim = f'{{"v":1,"uid":"{uid}","workspace":"{RESOURCE_ID.lower()}","attempt":1,"holder":"h"}}'
    metadata: dict[str, Any] = {"finalizers": [FINALIZER], "annotations": {CLAIM_ANNOTATION: claim}}
    flying = job(ref, uid=uid, name=uid, namespace=uid[0], **metadata)
    used = WorkspaceUsed(
        RESOURCE_ID.lower(), "https://eastus.quantum.azure.com", {"namespace": through[0], "name": through[1]}
    )
    return replace(flying, status=JobStatus(workspace=used, attempt=1))


def forged_job(uid: str) -> QuantumJob:
    """A job whose finalizer and claim its user wrote."""
    return replace(flying_job(uid), status=JobStatus())


@dataclass(slots=True)
class Bench:
    """Slots, and whom they woke; `now` is their clock."""

    known: list[QuantumJob] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)
    left: list[Name] = field(default_factory=list)
    now: float = 1000.0
    gone: set[str] = field(default_factory=set)
    counted: list[Name] = field(default_factory=list)

    def jobs(self, name: Name) -> list[QuantumJob]:
        """The known jobs, as they are gone through to count those of one workspace."""
        self.counted.append(name)
        return self.known

    def limiter(self) -> InflightLimiter:
        """Slots of a process that has just started."""
        return InflightLimiter(
            jobs=self.jobs,
            exists=lambda uid: uid not in self.gone,
            serving=lambda job: referenced_name(job, lambda _: None, None),
            wake=self.woken.append,
            left=self.left.append,
            clock=lambda: self.now,
        )
