"""What jobs ask of budgets: to reserve before they are submitted, and to settle when they have ended.

Several budgets are asked in the order of their names, first those that are known to refuse. What was taken of some is
given back when a later one refuses. Whoever does not fit stands in line, and is woken when it does. Must not live here:
whether a job fits (`budgets`), who is woken (`budget_lines`), or how ledgers are written (`budget_ledger`).
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.budgets.ledger import Outcome, ledger_of
from quantumjob_operator.budgets.membership import counts
from quantumjob_operator.budgets.needs import Needs, needs_of
from quantumjob_operator.budgets.refusals import COUNTING, Refusal, closed
from quantumjob_operator.budgets.requests import Granted, Request, in_order
from quantumjob_operator.budgets.simulated import Simulated
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.controller.budget_ledger import Ledgers
from quantumjob_operator.controller.budget_lines import Lines, key_of
from quantumjob_operator.controller.grants import Grant, Grants, Question
from quantumjob_operator.controller.left_namespaces import LeftNamespaces
from quantumjob_operator.controller.reconcile_context import Outdated, ReconcileContext
from quantumjob_operator.controller.reservations_seen import ReservationsSeen
from quantumjob_operator.controller.settlement import RESERVED, Settlement, as_shown, ended_in, settled_at, speaks_for
from quantumjob_operator.lifecycle.attempts import attempt_to_claim, identify
from quantumjob_operator.lifecycle.observation import ProgramFacts, Trouble, WorkspaceFacts
from quantumjob_operator.model.jobstatus import BudgetShown
from quantumjob_operator.model.money import Estimate
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name
from quantumjob_operator.settings import Settings

_log: Final = logging.getLogger(__name__)
Specs = tuple[tuple[str, int], ...]
"""Budgets by uid, each with the generation of its spec, in the order in which they are asked."""


def valid_for(settings: Settings) -> timedelta:
    """For how long after it was confirmed a reservation lets a PUT begin; nobody takes it away before that is over."""
    return timedelta(seconds=settings.reconciliation_seconds + settings.fence_seconds)


class Spending:
    """The budgets as jobs see them.

    Attributes:
        lines: Where they wait.
    """

    def __init__(
        self,
        *,
        ledgers: Ledgers,
        cache: Cache,
        namespaces: Namespaces,
        wake: Callable[[str], None],
        needs_slot: Callable[[str], bool],
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._ledgers = ledgers
        self._cache = cache
        self._namespaces = namespaces
        self._wake = wake
        self._clock = clock
        self._settings = settings
        self._grants = Grants(ledgers, self._freed)
        self._left = LeftNamespaces(cache, namespaces, wake)
        self.lines = Lines(clock.monotonic, self._waits, wake, needs_slot, self._room)
        self._seen = ReservationsSeen(cache)

    def concerned(self, workspace: Name | None) -> Specs:
        """The budgets that may count what goes through a QuantumWorkspace: without one, nothing costs a request."""
        found = self._cache.budgets.naming(workspace) if workspace else ()
        return tuple((one.uid, one.generation) for one in found)

    def are_these(self, workspace: Name | None, known: Specs) -> bool:
        """Whether they are still the ones that were asked, or that there was none to ask: one may appear meanwhile."""
        return self.concerned(workspace) == known

    def reserved(self, job_id: str | None) -> tuple[BudgetShown, ...]:
        """What is set aside under an id, as far as it is known here."""
        return tuple(as_shown(budget, entry.amounts, RESERVED) for budget, entry in self._seen.holding(job_id or ""))

    async def reserve(self, context: ReconcileContext) -> None:
        """Reserve in every budget that counts the job, or learn which one keeps it back.

        Raises:
            ClusterError: A ledger could not be written.
            Outdated: A budget is gone meanwhile.
        """
        try:
            await self._reserve(context)
        except (ClusterError, Outdated):
            self.lines.forget(context.job.uid)  # nothing is kept for one that may not ask again
            raise

    async def _reserve(self, context: ReconcileContext) -> None:
        job, workspace, program = context.job, context.seen.workspace, context.seen.program
        if isinstance(workspace, Trouble) or not isinstance(program, ProgramFacts):
            raise RuntimeError(f"{job.key}: a reservation was decided on without a workspace or a program")  # noqa: TRY004 - a state
        through = workspace.namespace, workspace.name
        concerned = self.concerned(through)
        budgets = await self._counting(job, through)
        if budgets and isinstance(program.estimate, Trouble):
            told = program.estimate
            context.know(needs_reservation=False, kept_back=replace(told, retry_after=told.retry_after or 0.0))
            return
        estimate = program.estimate if isinstance(program.estimate, Estimate) else None
        place = job.claim.workspace if job.claim else workspace.id
        job_id = identify(job, place, attempt_to_claim(job))
        taken = self._grants.begin(job.uid)
        asked = [(budget, self._request(budget, job, job_id, workspace, estimate)) for budget in budgets]
        for budget, request in in_order(asked, self._clock.now()):
            question = Question(request)
            answer = await self._ledgers.change(budget.uid, question)
            if question.lowered:
                self._freed(budget)
            self._note(budget, job, asked, answer)
            if isinstance(answer, Refusal):
                await self._grants.give_back(job.uid)
                kept = Trouble(answer.reason, answer.message, final=answer.final)
                context.know(needs_reservation=False, kept_back=kept, reserved=(), settled=None)
                return
            taken.append(Grant(budget, request, answer))
        self.lines.forget(job.uid)
        held = [(budget, granted) for budget, _, granted in taken if granted.since is not None]
        context.may_send = lambda: self.are_these(through, concerned) and self._may_send(job_id, held)
        shown = tuple(as_shown(budget, granted.amounts, RESERVED) for budget, granted in held)
        context.know(needs_reservation=False, kept_back=None, reserved=shown, settled=None)

    async def _counting(self, job: QuantumJob, workspace: Name) -> list[QuantumBudget]:
        """The budgets that count a job; labels are read only where one asks for them."""
        budgets = list(self._cache.budgets.naming(workspace))
        selecting = any(one.spec.namespaces is not None for one in budgets)
        labels = await self._namespaces.labels(job.namespace) if selecting else None
        return [one for one in budgets if counts(one, job, labels)]

    def _request(
        self, budget: QuantumBudget, job: QuantumJob, job_id: str, workspace: WorkspaceFacts, estimate: Estimate | None
    ) -> Request:
        return Request(
            job_id=job_id,
            namespace=job.namespace,
            name=job.name,
            uid=job.uid,
            workspace=workspace.name,
            place=workspace.place,
            needs=needs_of(budget.spec, job.spec, estimate),
            ahead=self.lines.before(key_of(budget, job.namespace), job.uid),
            fresh=timedelta(seconds=min(self._settings.reconciliation_seconds, self._settings.fence_seconds) / 2),
            keyed=job.spec.idempotency_key is not None,
        )

    def _note(
        self,
        budget: QuantumBudget,
        job: QuantumJob,
        asked: list[tuple[QuantumBudget, Request]],
        answer: Granted | Refusal,
    ) -> None:
        """Who does not fit stands in line; who can't pass at all is woken when the budget is changed."""
        newest, line = self._cache.budgets.get(budget.uid), key_of(budget, job.namespace)
        if newest is None:
            self.gone(budget.uid)
            if isinstance(answer, Refusal):
                self._wake(job.uid)
            return
        if isinstance(answer, Granted):
            self.lines.granted(line, job.uid)
            return
        wants = {
            key_of(one, job.namespace): Ahead(job.namespace, request.needs.amounts, request.job_id)
            for one, request in asked
            if isinstance(request.needs, Needs)
        }
        if answer.waits and line in wants:
            self.lines.refused(line, job.uid, wants)
            return
        self.lines.forget(job.uid)
        if not answer.final:
            self.lines.park(budget.uid, job.uid, answer.reason)
        changed = newest.generation != budget.generation
        if changed or (answer.reason == COUNTING and not closed(newest)):
            self._wake(job.uid)  # those who wait were woken meanwhile, before it was among them

    async def reconciled(self, uid: str, *, may_run: bool, refused: bool = False) -> None:
        """A reconciliation is over; what was reserved in it is given back, unless a job may run under it.

        Args:
            uid: Of the job.
            may_run: Whether one may.
            refused: As for `budgets.requests.give_back`.
        """
        self.lines.reconciled(uid)
        if may_run:
            self._grants.keep(uid)
            return
        try:
            await self._grants.give_back(uid, refused=refused)
        except ClusterError as error:
            _log.warning("%s; what was reserved stands until it is old", error)

    def _may_send(self, job_id: str, held: list[tuple[QuantumBudget, Granted]]) -> bool:
        """Whether all that was reserved surely stands: nobody takes away what was confirmed a short while ago."""
        oldest = self._clock.now() - valid_for(self._settings)
        for budget, granted in held:
            known = self._cache.budgets.get(budget.uid)
            stands = known is not None and job_id in self._seen.of(known)
            if not stands or granted.since is None or granted.since <= oldest:
                return False
        return True

    async def settle(self, context: ReconcileContext) -> None:
        """Settle what is reserved for an attempt that is over; a ledger that can't be written is settled later.

        So is what was reserved through another QuantumWorkspace than the one that says how it went: that is asked, too.

        Raises:
            ClusterError: A ledger could not be written now.
        """
        job_id, done = context.seen.job_id or "", []
        tolerance = timedelta(seconds=self._settings.fence_seconds)
        for budget, entry in list(self._seen.holding(job_id)):
            if budget.unreadable or not speaks_for(context, budget, entry):
                done.append(as_shown(budget, entry.amounts, RESERVED))
                continue
            change = Settlement(job_id, ended_in(context, budget, entry), tolerance)
            try:
                outcome, amounts = await self._ledgers.change(budget.uid, change, patient=True)
            except Outdated:
                continue
            except ClusterError as error:
                if not error.refused:
                    raise
                _log.warning("%s", error)
                outcome, amounts = RESERVED, entry.amounts
            self._freed(budget)
            state = Outcome.SETTLED if outcome is Outcome.NOTHING else outcome
            done.append(as_shown(budget, amounts, str(state), settled_at(self._cache.budgets.get(budget.uid), outcome)))
        context.know(settled=tuple(done))

    def _freed(self, budget: QuantumBudget) -> None:
        """Have the budget offer what may have been released: that we wrote it ourselves is no news to the watch."""
        if any(map(len, self.lines.of(budget.uid))):
            self._wake(budget.uid)

    def changed(self, budget: QuantumBudget, *, everybody: bool) -> None:
        """A budget or its ledger is not what it was: wake who can go now.

        Args:
            budget: In its newest version.
            everybody: Its spec changed, or its ledger was counted, or a period began: all who wait ask anew.
        """
        counted = not closed(budget)
        for uid in self.lines.unpark(budget.uid, lambda why: everybody or (why == COUNTING and counted)):
            self._wake(uid)
        waiting = self.lines.everybody(budget.uid) if everybody and budget.is_counted and not budget.doubted else []
        for uid in dict.fromkeys((*self.lines.woken(budget.uid, self._room(budget.uid)), *waiting)):
            self._wake(uid)

    def _room(self, uid: str) -> Simulated | None:
        budget = self._cache.budgets.get(uid)
        return Simulated(budget, ledger_of(budget, self._clock.now())) if budget else None

    def forget(self, uid: str) -> None:
        """A job is gone: it waits nowhere any more."""
        self.lines.forget(uid)

    async def look_at_namespaces(self, budget: QuantumBudget) -> None:
        """Wake whoever waits for a budget that counts its namespace no more.

        Raises:
            ClusterError: The API server could not be asked.
        """
        await self._left.look(budget, self.lines.waiting(budget.uid))

    def was_asked(self, uid: str) -> bool:
        """Whether jobs have asked a budget, of which some may wait."""
        return uid in self.lines

    def gone(self, uid: str) -> None:
        """A budget is gone: nobody waits for it any more."""
        for one in self.lines.gone(uid):
            self._wake(one)
        self._seen.forget(uid)

    def _waits(self, uid: str) -> bool:
        job = self._cache.jobs.get(uid)
        return job is not None and not (
            job.deletion_requested or job.status.finished or job.spec.suspend or job.spec.cancel
        )
