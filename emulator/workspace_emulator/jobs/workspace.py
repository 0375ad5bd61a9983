"""What clients ask of jobs and sessions: the rules, without HTTP; time moves jobs in `timeline`."""

import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

from workspace_emulator.behaviour import BehaviourSwitch, Billing, FinalCancel, MetadataKeys, RepeatedPut
from workspace_emulator.clock import Clock
from workspace_emulator.contract.billing import Price
from workspace_emulator.contract.catalogue import PROVIDERS, find_target, output_blob, output_formats
from workspace_emulator.contract.definitions import JobDefinition, JobUpdate
from workspace_emulator.contract.errors import Code, ServiceError, bad_request, conflict, not_found
from workspace_emulator.jobs.job import BEING_CANCELLED, Job, JobStatus
from workspace_emulator.jobs.job_store import JobStore
from workspace_emulator.jobs.ledger import RECORD_DELETED, SUPERSEDED, Ledger
from workspace_emulator.jobs.session_rules import SessionRules
from workspace_emulator.jobs.timeline import Timeline, cancelled
from workspace_emulator.storage.account import BlobName, Storage

_POSITIONS_TOLD = 1000
_STALE_SECONDS = 3600.0
_USUAL_KEY = re.compile(r"[A-Za-z0-9_]+")


class Workspace:
    """The jobs of one workspace.

    Args:
        jobs: Keeps the jobs.
        ledger: Keeps the billed runs.
        sessions: Says which session a job may join.
        timeline: Moves the jobs.
        storage: The linked storage account.
        clock: The time.
        behaviour: The answers that no source shows, and whatever else can be set.
    """

    def __init__(
        self,
        *,
        jobs: JobStore,
        ledger: Ledger,
        sessions: SessionRules,
        timeline: Timeline,
        storage: Storage,
        clock: Clock,
        behaviour: BehaviourSwitch,
    ) -> None:
        self._jobs = jobs
        self._ledger = ledger
        self._sessions = sessions
        self._timeline = timeline
        self._storage = storage
        self._clock = clock
        self._behaviour = behaviour

    def create(self, job_id: str, definition: JobDefinition) -> Job:
        """Accept a job; what an id that exists leads to is a setting.

        Raises:
            ServiceError: The id is no GUID, or the definition, the target or the session does not allow it.
        """
        job_id = _checked_id(job_id)
        definition = _with_metadata(definition, self._behaviour.now.metadata_keys)
        existing = self._jobs.find(job_id)
        if existing is not None:
            return self._repeat(existing, definition)
        return self._accept(self._new_job(job_id, definition, run=1))

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            ServiceError: 404, it does not exist or is still hidden.
        """
        job = self._jobs.find(job_id.lower())
        if job is None or job.visible_from > self._clock.now():
            raise not_found(Code.JOB_NOT_FOUND, f"there is no job {job_id[:64]} in this workspace")
        return job

    def queue_position(self, job_id: str) -> int | None:
        """Return how many jobs are before a waiting one; None if it does not wait, or beyond the first thousand.

        Raises:
            ServiceError: 404.
        """
        job = self.get(job_id)
        if job.status is not JobStatus.WAITING:
            return None
        position = self._behaviour.now.others_ahead + self._jobs.ahead_of(job)
        return position if position < _POSITIONS_TOLD else None

    def update(self, job_id: str, update: JobUpdate) -> Job:
        """Change a job's name, priority or tags, as far as the update names them; `timeline` has no use for them."""
        job = self.get(job_id)
        self._timeline.stop(job.id)
        job = self._timeline.keep(
            replace(job, definition=job.definition.model_copy(update=update.model_dump(exclude_unset=True)))
        )
        return self._resumed(job)

    def cancel(self, job_id: str) -> Job:
        """Ask for a job's cancellation; the answer says nothing of how it ends.

        Raises:
            ServiceError: 404; or 409 for a final job, if so set.
        """
        job = self.get(job_id)
        if job.is_final:
            return self._cancel_final(job)
        if job.status in BEING_CANCELLED or job.status is JobStatus.FINISHING:
            return job
        now = self._clock.now()
        self._timeline.stop(job.id)
        due = now + self._behaviour.now.cancelling_seconds
        requested = replace(job, status=JobStatus.CANCELLATION_REQUESTED, due=due)
        can_end_now = job.begun is None or self._behaviour.now.of_target(job.definition.target).cancellable
        if can_end_now and not self._behaviour.now.cancelling_seconds:
            return self._timeline.keep(cancelled(job, now))
        return self._resumed(self._timeline.keep(requested))

    def delete(self, job_id: str) -> None:
        """Delete a job's record; a run under way stays billed.

        Raises:
            ServiceError: 404.
        """
        job = self.get(job_id)
        self._timeline.stop(job.id)
        if not job.is_final:
            self._ledger.record(job, ending=RECORD_DELETED, now=self._clock.now())
        self._jobs.delete(job.id)

    def _accept(self, job: Job) -> Job:
        if job.definition.session_id is not None:
            self._sessions.join(job.definition.session_id, job)
        return self._resumed(self._timeline.keep(job))

    def _resumed(self, job: Job) -> Job:
        if not job.is_final:
            self._timeline.start(job)
        return job

    def _repeat(self, existing: Job, definition: JobDefinition) -> Job:
        match self._behaviour.now.repeated_put:
            case RepeatedPut.SAME:
                return existing
            case RepeatedPut.CONFLICT:
                raise conflict(Code.JOB_EXISTS, f"a job with the id {existing.id} exists")
            case RepeatedPut.REPLACE:
                self._timeline.stop(existing.id)
                return self._resumed(self._timeline.keep(replace(existing, definition=definition)))
            case RepeatedPut.SECOND_RUN:
                second = self._new_job(existing.id, definition, run=existing.run + 1)
                self._timeline.stop(existing.id)
                if not existing.is_final:
                    self._ledger.record(existing, ending=SUPERSEDED, now=self._clock.now())
                return self._accept(replace(second, visible_from=existing.visible_from))

    def _new_job(self, job_id: str, definition: JobDefinition, *, run: int) -> Job:
        price = self._price(definition)
        _check_input_format(definition)
        container, program = self._places(definition)
        self._check_quota(definition.provider_id, price.units(definition.shots))
        now = self._clock.now()
        # Signatures are checked by the storage account, which knows only real time.
        stale = datetime.now(UTC).timestamp() - _STALE_SECONDS
        return Job(
            id=job_id,
            definition=definition,
            program=program,
            output=BlobName(container.container, output_blob(definition.output_data_format)),
            stale_sas=self._storage.signature(container, expiry=datetime.fromtimestamp(stale, UTC)),
            status=JobStatus.WAITING,
            run=run,
            created=now,
            visible_from=now + self._behaviour.now.hidden_seconds,
            due=now + self._behaviour.now.waiting_at(definition.target),
            units=price.units(definition.shots),
            unit_price=price.unit_price,
        )

    def _places(self, definition: JobDefinition) -> tuple[BlobName, BlobName]:
        container = self._storage.locate(definition.container_uri)
        if container is None:
            raise bad_request(Code.INVALID_JOB_DEFINITION, "containerUri names no container", "containerUri")
        if definition.input_data_uri is None:
            return BlobName(container.container), BlobName(container.container, "inputData")
        program = self._storage.locate(definition.input_data_uri)
        if program is None or not program.blob:
            raise bad_request(Code.INVALID_JOB_DEFINITION, "inputDataUri names no blob", "inputDataUri")
        return BlobName(container.container), program

    def _price(self, definition: JobDefinition) -> Price:
        """Return the price of a target that takes jobs.

        Raises:
            ServiceError: 403, there is no such target; or 409, it is down.
        """
        provider, target = definition.provider_id, definition.target
        known, own = find_target(provider, target), self._behaviour.now.of_target(target)
        if known is None:
            message = (
                f"the target {target[:100]} of the provider {provider[:100]} does not exist or is not enabled here"
            )
            raise ServiceError(HTTPStatus.FORBIDDEN, Code.INVALID_JOB_DEFINITION, message)
        if not own.available:
            raise conflict(Code.TARGET_UNAVAILABLE, f"the target {target} takes no jobs at present")
        price = own.price or known.price
        return price if self._behaviour.now.billing is Billing.PAY_AS_YOU_GO else replace(price, unit_price=0.0)

    def _check_quota(self, provider: str, units: float) -> None:
        """Refuse what a provider's quota does not leave, if so set.

        Raises:
            ServiceError: With the status and the code that are set.
        """
        refusal = self._behaviour.now.quota_refusal
        if refusal is None:
            return
        limit = self._behaviour.now.quota_limits.get(provider, PROVIDERS[provider].quota.limit)
        used = self._ledger.consumption(provider)
        left = limit - used["utilization"] - used["holds"]
        if units > left:
            message = f"the job needs {units:g} of the quota of {provider}, and {max(left, 0.0):g} are left"
            raise ServiceError(HTTPStatus(refusal.status), refusal.code, message)

    def _cancel_final(self, job: Job) -> Job:
        if self._behaviour.now.final_cancel is FinalCancel.CONFLICT:
            raise conflict(Code.JOB_FINAL, f"the job is already {job.status}")
        return job


def _with_metadata(definition: JobDefinition, rule: MetadataKeys) -> JobDefinition:
    """Return the definition with the metadata that such a service keeps.

    Raises:
        ServiceError: 400, it refuses them.
    """
    usual = {key: text for key, text in (definition.metadata or {}).items() if _USUAL_KEY.fullmatch(key)}
    if rule is MetadataKeys.UNUSUAL_REFUSED and len(usual) < len(definition.metadata or {}):
        message = "metadata keys may have letters, digits and _ only"
        raise bad_request(Code.INVALID_JOB_DEFINITION, message, "metadata")
    if rule is MetadataKeys.UNUSUAL_DROPPED:
        return definition.model_copy(update={"metadata": usual})
    return definition.model_copy(update={"metadata": None}) if rule is MetadataKeys.DROPPED else definition


def _check_input_format(definition: JobDefinition) -> None:
    """Refuse an input that the target does not take; an output format is only looked at when there is an output."""
    offered = output_formats(definition.provider_id, definition.target, definition.input_data_format)
    if not offered:
        message = f"the target {definition.target} takes no {definition.input_data_format[:100]}"
        raise bad_request(Code.INVALID_JOB_DEFINITION, message, "inputDataFormat")


def _checked_id(job_id: str) -> str:
    """Return a job's id in lower case.

    Raises:
        ServiceError: 400, it is no GUID.
    """
    try:
        canonical = str(uuid.UUID(job_id))
    except ValueError:
        canonical = ""
    if canonical != job_id.lower():
        raise bad_request(Code.INVALID_JOB_DEFINITION, "the job id must be a GUID", "jobId")
    return canonical
