"""One reconciliation of one job, from the first fact to the last step.

Lives here: what the steps of a reconciliation share. Must not live here: the steps.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.lifecycle import Observation
from quantumjob_operator.lifecycle.attempts import is_cancelling
from quantumjob_operator.lifecycle.error_mapping import output_trouble_of, trouble_of
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.errors import CredentialsRefused, ServiceError
from quantumjob_operator.model.jobstatus import JobStatus
from quantumjob_operator.model.quantumjob import Claim, QuantumJob
from quantumjob_operator.model.values import replace


class Outdated(Exception):  # noqa: N818 - says what the facts are
    """What was gathered is no longer so: nothing follows from it, and the reconciliation begins anew."""


class Writer(Protocol):
    """What is written to one object: at the API server, or in memory only once it is gone."""

    async def claim(self, job: QuantumJob, claim: Claim) -> QuantumJob:
        """Put on finalizer and claim."""

    async def renounce(self, job: QuantumJob) -> QuantumJob:
        """Take off finalizer and claim."""

    async def release(self, job: QuantumJob) -> QuantumJob | None:
        """Take off the finalizer; None if the object is gone."""

    async def write_status(self, job: QuantumJob, status: JobStatus) -> QuantumJob:
        """Write what differs."""


_log: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class ReconcileContext:
    """One reconciliation of one job: the facts, what this process remembers, and the way to the service.

    Attributes:
        stored: The status that the API server holds.
        writer: Writes to the object.
        refused: The service refused the credentials during this reconciliation.
        may_send: Whether what was reserved for the job stands at this moment.
        at_service: The service has shown the job, or a request to submit it may have had an effect.
        turned_down: The service has refused to submit it, under a claim that was sure when that was asked for.
    """

    seen: Observation
    memory: Memory
    connection: Connection | None
    stored: JobStatus
    writer: Writer
    refused: bool = False
    may_send: Callable[[], bool] = lambda: True
    at_service: bool = False
    turned_down: bool = False

    def know(self, **facts: Any) -> None:
        """Add to the facts, by the names of the fields of `Observation`."""
        if "job" in facts:
            facts["job"] = self.memory.believed(facts["job"])
        self.seen = replace(self.seen, **facts)

    @property
    def job(self) -> QuantumJob:
        """The newest version of the object."""
        return self.seen.job


def ready(context: ReconcileContext) -> tuple[Connection, str]:
    """What every request to the service needs, in the job's own name; `decide` asks for none without them."""
    if context.connection is None or context.seen.job_id is None:
        raise RuntimeError(f"{context.job.key}: a request was decided on without a workspace")
    way = context.connection.on_behalf(context.job.namespace, cancelling=is_cancelling(context.job))
    return way, context.seen.job_id


def trouble(context: ReconcileContext, error: ServiceError) -> Trouble:
    """What an error of the service means for this reconciliation; refused credentials are noted for the reconciler."""
    return trouble_of(error, _noted(context, error), confidential=context.job.confidential)


def output_trouble(context: ReconcileContext, error: ServiceError) -> Trouble:
    """The same for an error that kept a result from being read."""
    return output_trouble_of(error, _noted(context, error), confidential=context.job.confidential)


def _noted(context: ReconcileContext, error: ServiceError) -> str:
    """The name of the workspace; people are not told the operation's, whoever looks for a cause finds it in the log."""
    workspace = context.seen.workspace
    context.refused = context.refused or isinstance(error, CredentialsRefused)
    hidden = context.job.confidential and error.answered
    _log.debug("%s: %s", error.operation, f"HTTP {error.status}" if hidden else error, extra={"uid": context.job.uid})
    return "" if isinstance(workspace, Trouble) else f"{workspace.namespace}/{workspace.name}"
