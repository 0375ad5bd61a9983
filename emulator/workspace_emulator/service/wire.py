"""Jobs, sessions, providers and quotas as the JSON of the service: explicit nulls, addresses with or without a SAS."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from workspace_emulator.behaviour import Behaviour
from workspace_emulator.clock import rfc3339
from workspace_emulator.contract.catalogue import PROVIDERS, Provider
from workspace_emulator.jobs.job import BEING_CANCELLED, JOB_TYPE, NEWER_WORDS, Job, JobStatus
from workspace_emulator.jobs.ledger import Ledger, cost_estimate
from workspace_emulator.jobs.session import Session
from workspace_emulator.storage.account import BlobName, Storage

# Of the newest api-version; no recording shows them.
_UNTOLD: Final = dict.fromkeys(
    ("createdBy", "createdByType", "lastModifiedBy", "lastModifiedByType", "lastUpdatedTime")
)


class Signing(StrEnum):
    """Which SAS a job's addresses carry: none in the answer to its PUT, a fresh one in a GET, a stale one in lists."""

    NONE = "none"
    FRESH = "fresh"
    STALE = "stale"


def job_json(job: Job, storage: Storage, signing: Signing, behaviour: Behaviour, now: float) -> dict[str, Any]:
    """Return a job as the service shows it at a time."""
    definition = job.definition
    return {
        "id": job.id,
        "name": definition.name,
        "itemType": "Job",
        "jobType": JOB_TYPE,
        "providerId": definition.provider_id,
        "target": definition.target,
        "status": _word(job, behaviour),
        "isCancelling": job.status in BEING_CANCELLED,
        **_addresses(job, storage, signing),
        "inputDataFormat": definition.input_data_format,
        "inputParams": definition.input_params,
        "outputDataFormat": definition.output_data_format,
        "metadata": definition.metadata,
        "sessionId": definition.session_id,
        "priority": definition.priority,
        "jobPriority": "High" if definition.priority == "High" else "Basic",
        "tags": definition.tags or [],
        "creationTime": rfc3339(job.created),
        "lastModifiedTime": rfc3339(job.modified),
        "beginExecutionTime": rfc3339(job.begun),
        "endExecutionTime": rfc3339(job.ended),
        "cancellationTime": rfc3339(job.cancelled),
        # Null in each recorded answer to a PUT; the number of circuits in what is asked for later.
        "quantumComputingData": None if signing is Signing.NONE else {"count": 1},
        "errorData": job.error and {"code": job.error.code or None, "message": job.error.message or None},
        "costEstimate": cost_estimate(job, behaviour, now),
        "usage": None,
        **_UNTOLD,
    }


def update_json(job: Job) -> dict[str, Any]:
    """Return the answer to a PATCH: what can be changed, and nothing else."""
    definition = job.definition
    return {"name": definition.name, "priority": definition.priority, "tags": definition.tags or []}


def session_json(session: Session) -> dict[str, Any]:
    """Return a session as the service shows it."""
    definition = session.definition
    return {
        "id": session.id,
        "name": definition.name,
        "itemType": "Session",
        "providerId": definition.provider_id,
        "target": definition.target,
        "jobFailurePolicy": definition.job_failure_policy or "Abort",
        "status": session.status,
        "priority": definition.priority,
        "jobPriority": "High" if definition.priority == "High" else "Basic",
        "tags": definition.tags or [],
        "creationTime": rfc3339(session.created),
        "beginExecutionTime": rfc3339(session.begun),
        "endExecutionTime": rfc3339(session.ended),
        "errorData": None,
        "costEstimate": None,
        "usage": None,
    }


def provider_status_json(behaviour: Behaviour) -> list[dict[str, Any]]:
    """Return the status of all providers and targets."""
    return [
        {
            "id": name,
            "currentAvailability": _provider_availability(provider, behaviour),
            "targets": _targets(provider, behaviour),
        }
        for name, provider in PROVIDERS.items()
    ]


def quotas_json(ledger: Ledger, behaviour: Behaviour) -> list[dict[str, Any]]:
    """Return the quota of each provider, with what the ledger says is used and held."""
    return [
        {
            "dimension": provider.quota.dimension,
            "scope": provider.quota.scope,
            "providerId": name,
            **ledger.consumption(name),
            "limit": behaviour.quota_limits.get(name, provider.quota.limit),
            "period": provider.quota.period,
        }
        for name, provider in PROVIDERS.items()
    ]


def quota_usages_json(ledger: Ledger, provider: str) -> list[dict[str, Any]]:
    """Return what is used of a provider's offer, without a limit; there is a row once something is."""
    used, modified = ledger.consumption(provider)["utilization"], ledger.last_end(provider)
    if modified is None:
        return []
    return [
        {
            "providerId": provider,
            "scope": "Target",
            "targetId": None,
            # The one name that the specification's example has.
            "usage": {"standardMinutesLifetime": used},
            "lastModifiedTime": rfc3339(modified),
            "metadata": None,
        }
    ]


def _word(job: Job, behaviour: Behaviour) -> str:
    status = job.status
    if status in BEING_CANCELLED and not behaviour.cancelling_words:
        status = JobStatus.WAITING if job.begun is None else JobStatus.EXECUTING
    return NEWER_WORDS.get(status, status) if behaviour.newer_status_words else status


def _addresses(job: Job, storage: Storage, signing: Signing) -> Mapping[str, str]:
    places = {
        "containerUri": BlobName(job.output.container),
        "inputDataUri": job.program,
        "outputDataUri": job.output,
    }
    match signing:
        case Signing.NONE:
            return {key: storage.address(place) for key, place in places.items()}
        case Signing.FRESH:
            return {key: storage.signed(place, read_only=True) for key, place in places.items()}
        case Signing.STALE:
            return {key: f"{storage.address(place)}?{job.stale_sas}" for key, place in places.items()}


def _provider_availability(provider: Provider, behaviour: Behaviour) -> str:
    available = {behaviour.of_target(target).available for target in provider.targets}
    if available == {True}:
        return "Available"
    return "Degraded" if True in available else "Unavailable"


def _targets(provider: Provider, behaviour: Behaviour) -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "currentAvailability": "Available" if behaviour.of_target(name).available else "Unavailable",
            "averageQueueTime": round(behaviour.waiting_at(name)),
            "statusPage": provider.status_page,
            "numQubits": target.qubits,
            "targetProfile": target.qir_profile,
            "metadata": None,
        }
        for name, target in provider.targets.items()
    ]
