"""What a reconciliation has reserved anew for its job, which is sent under it in the same reconciliation or not at all.

What is not sent gives it back: a job whose target is down, or whose deletion came in between, must not hold what others
wait for. Must not live here: how it is reserved (`spending`), or what can be given back at all (`budgets.requests`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from quantumjob_operator.budgets.needs import CLAIMED
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.requests import Granted, Request, ask, give_back
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.controller.budget_ledger import Ledgers, State
from quantumjob_operator.controller.reconcile_context import Outdated
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.values import replace


class Grant(NamedTuple):
    """What one budget has granted."""

    budget: QuantumBudget
    request: Request
    granted: Granted


@dataclass(slots=True)
class Question:
    """The change of a ledger that reserves for a job if it may be sent.

    Attributes:
        request: What it asks for.
        lowered: It keeps less from the others now than a count had set aside for its claim.
    """

    request: Request
    lowered: bool = False

    def __call__(self, budget: QuantumBudget, state: State, now: datetime) -> tuple[State, Granted | Refusal]:
        """Ask."""
        was = state.ledger.open.get(self.request.job_id)
        ledger, answer = ask(budget, state.ledger, self.request, now)
        entry = ledger.open.get(self.request.job_id)
        self.lowered = bool(was and was.basis == CLAIMED and entry and entry.amounts != was.amounts)
        return replace(state, ledger=ledger), answer


class Grants:
    """What was granted in the reconciliations that are under way, by the uid of the job.

    Whoever else may send under it, another process or another object with the same key, has confirmed it in the ledger
    before: then it is not new any more, and stays.
    """

    def __init__(self, ledgers: Ledgers, freed: Callable[[QuantumBudget], None]) -> None:
        self._ledgers = ledgers
        self._freed = freed
        self._of: dict[str, list[Grant]] = {}

    def begin(self, uid: str) -> list[Grant]:
        """A list for what is granted now; what was granted before and not sent under stays where it is."""
        taken = self._of[uid] = []
        return taken

    def keep(self, uid: str) -> None:
        """Something was sent under it, or may have been."""
        self._of.pop(uid, None)

    async def give_back(self, uid: str, *, refused: bool = False) -> None:
        """In the order in which it was taken; what stood before may belong to something that was sent.

        Args:
            uid: Of the job.
            refused: As for `budgets.requests.give_back`.

        Raises:
            ClusterError: A ledger could not be written, after all others were.
        """
        failed: ClusterError | None = None
        for grant in self._of.pop(uid, ()):
            if not grant.granted.new and not refused:
                continue
            try:
                await self._ledgers.change(grant.budget.uid, partial(_given_back, grant, refused=refused))
            except Outdated:
                continue
            except ClusterError as error:
                failed = error
            else:
                self._freed(grant.budget)
        if failed:
            try:
                raise failed
            finally:
                del failed


def _given_back(grant: Grant, _: QuantumBudget, state: State, _now: datetime, *, refused: bool) -> tuple[State, None]:
    return replace(state, ledger=give_back(state.ledger, grant.request, grant.granted, refused=refused)), None
