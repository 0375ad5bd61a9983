"""The quotas of the workspaces that ask for them to be enforced: as told last, and what was sent since then.

One process does not see what another one sends: both count right again at the next reading. Must not live here: what a
quota allows (`lifecycle.quota_guard`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.controller.reconcile_context import ReconcileContext, ready
from quantumjob_operator.controller.workspace_offer import quotas_within, room_of
from quantumjob_operator.lifecycle.observation import ProgramFacts, QuotaLooked, Trouble, WorkspaceFacts
from quantumjob_operator.lifecycle.quota_guard import SETTLING_SECONDS, Need, shortage, takes_much, untold
from quantumjob_operator.model.errors import CredentialsRefused, Refused
from quantumjob_operator.model.money import Estimate
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace
from quantumjob_operator.model.quotas import Quota

_NEW_SECONDS: Final = 2.0
"""A reading that was asked for so shortly before is not asked for again."""
_MOST_SENT: Final = 100
"""Since a reading: each further job is compared with all of them, on the event loop, so that a new one is due then."""


@dataclass(slots=True)
class _Reading:
    """What the service told, and what went out since it was asked.

    Attributes:
        asked: Monotonic time of the question.
        sent: By the id of the remote job: what it takes, and when its PUT was answered; None as long as it is not.
    """

    quotas: Sequence[Quota]
    asked: float
    sent: dict[str, tuple[Need, float | None]] = field(default_factory=dict)

    @property
    def since(self) -> list[Need]:
        """What the quotas do not contain yet."""
        return [need for need, _ in self.sent.values()]


class QuotaGuards:
    """The guards of all QuantumWorkspaces.

    Args:
        monotonic: Its clock.
        workspaces: Those that are there, by uid: nothing is kept of others.
    """

    def __init__(self, monotonic: Callable[[], float], workspaces: Mapping[str, QuantumWorkspace]) -> None:
        self._monotonic = monotonic
        self._workspaces = workspaces
        self._readings: dict[str, _Reading] = {}

    async def look(self, context: ReconcileContext) -> Trouble | QuotaLooked:
        """Whether the quotas that are known serve a job.

        They are asked for if none are, if many jobs were sent since, or if ours stand before this one.

        Raises:
            ServiceError: They could not be had.
        """
        workspace, need = _facts(context), _need(context)
        connection, _ = ready(context)
        reading = self._readings.get(workspace.uid)
        if reading is None or len(reading.sent) >= _MOST_SENT:
            reading = await self._read(workspace.uid, connection.client)
        short = shortage(need, reading.quotas, reading.since, workspace.offers)
        if short and reading.since and self._monotonic() - reading.asked >= SETTLING_SECONDS:
            reading = await self._read(workspace.uid, connection.client)
            short = shortage(need, reading.quotas, reading.since, workspace.offers)
        return short or QuotaLooked(untold(need, reading.quotas))

    async def look_again(self, context: ReconcileContext) -> None:
        """Ask for the quotas anew before a job that takes much of what is left.

        Raises:
            ServiceError: They could not be had.
        """
        workspace, need = _facts(context), _need(context)
        reading = self._readings.get(workspace.uid)
        is_new = reading is not None and self._monotonic() - reading.asked < _NEW_SECONDS
        if not workspace.guards_quota or is_new:
            return
        if reading is None or takes_much(need, reading.quotas, reading.since):
            connection, _ = ready(context)
            await self._read(workspace.uid, connection.client)

    def enter(self, context: ReconcileContext) -> Trouble | None:
        """Count a job that is sent now, or say why there is not enough left: in one step, whoever else sends."""
        workspace, need, job_id = _facts(context), _need(context), context.seen.job_id
        reading = self._readings.get(workspace.uid)
        if not workspace.guards_quota or reading is None or job_id is None:
            return None
        others = [other for one, (other, _) in reading.sent.items() if one != job_id]
        short = shortage(need, reading.quotas, others, workspace.offers)
        if short is None:
            reading.sent[job_id] = (need, None)
        return short

    def left(self, context: ReconcileContext, *, applied: bool) -> None:
        """The PUT of a job has ended.

        Args:
            context: Whose.
            applied: Whether it took effect, or may have.
        """
        workspace, job_id = _facts(context), context.seen.job_id
        reading = self._readings.get(workspace.uid)
        entry = reading.sent.pop(job_id or "", None) if reading else None
        if reading and entry and job_id and applied:
            reading.sent[job_id] = (entry[0], self._monotonic())

    def learn(self, uid: str, quotas: Sequence[Quota], asked: float) -> bool:
        """Take up what a workspace told when it was asked at a time; says whether anything changed."""
        before = self._readings.get(uid)
        if before and before.asked > asked:
            return False
        sent = before.sent if before else {}
        self._readings[uid] = _Reading(quotas, asked, _after(sent, asked))
        return before is None or list(before.quotas) != list(quotas)

    def forget(self, uid: str) -> None:
        """The workspace is gone."""
        self._readings.pop(uid, None)

    async def _read(self, uid: str, client: WorkspaceClient) -> _Reading:
        asked = self._monotonic()
        try:
            quotas = await client.quotas()
        except CredentialsRefused:
            raise
        except Refused as error:
            if not error.answered:
                raise
            quotas = []  # the workspace has none to tell
        workspace = self._workspaces.get(uid)
        if workspace is None:
            return _Reading(quotas, asked)  # it is gone meanwhile
        self.learn(uid, quotas_within(quotas, room_of(workspace, self._workspaces.values())), asked)
        return self._readings[uid]


def _after(sent: Mapping[str, tuple[Need, float | None]], asked: float) -> dict[str, tuple[Need, float | None]]:
    """What an answer does not contain for sure: its PUT was not answered when the question was sent."""
    return {one: (need, done) for one, (need, done) in sent.items() if done is None or done >= asked}


def _facts(context: ReconcileContext) -> WorkspaceFacts:
    workspace = context.seen.workspace
    if isinstance(workspace, Trouble):
        raise RuntimeError(f"{context.job.key}: a quota was asked for without a workspace")  # noqa: TRY004 - a state, no type
    return workspace


def _need(context: ReconcileContext) -> Need:
    spec, program = context.job.spec, context.seen.program
    estimate = program.estimate if isinstance(program, ProgramFacts) else None
    return Need(spec.provider, spec.target, estimate if isinstance(estimate, Estimate) else None)
