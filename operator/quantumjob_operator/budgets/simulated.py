"""Who of those that wait could go now. Must not live here: in which order they wait (`controller.budget_line`)."""

from decimal import Decimal

from quantumjob_operator.budgets.fit import added, could_fit, fits, own_of
from quantumjob_operator.budgets.ledger import Ledger, group_of, used
from quantumjob_operator.budgets.needs import Needs
from quantumjob_operator.budgets.requests import is_closed
from quantumjob_operator.budgets.room import Room
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import QuantumBudget

Amounts = tuple[Amount, ...]


class Simulated:
    """A ledger into which those who wait are put one after another, to see how many can go."""

    def __init__(self, budget: QuantumBudget, ledger: Ledger) -> None:
        self._budget = budget
        self._ledger = ledger
        self._sums = used(budget, ledger)
        self._room = Room(ledger.open.values())
        self._own: dict[str, dict[str, Decimal]] = {}

    def takes(self, namespace: str, amounts: Amounts) -> bool:
        """Whether a job fits; then it is in."""
        budget, needs = self._budget, Needs(amounts, "Estimate", "")
        if is_closed(budget) or not self._room.has_place(namespace):
            return False
        if fits(budget, self._ledger, self._sums, namespace, needs):
            return False
        self._room.take(namespace)
        self._sums |= added(self._sums, group_of(budget, namespace), amounts)
        if group_of(budget, namespace) != namespace:
            own = self._own_of(namespace)
            for one in amounts:
                own[one.unit] = own.get(one.unit, Decimal(0)) + one.value
        return True

    def keep(self, namespace: str, amounts: Amounts) -> None:
        """Leave so much to a job, though it does not fit now."""
        self._sums |= added(self._sums, group_of(self._budget, namespace), amounts)

    def could_fit(self, namespace: str, amounts: Amounts) -> bool:
        """Whether it would fit if all that others have reserved were released; who has all its places has no turn."""
        group = group_of(self._budget, namespace)
        if not self._room.has_place(namespace):
            return False
        return could_fit(self._budget, self._sums, self._own_of(namespace), group, amounts)

    def _own_of(self, namespace: str) -> dict[str, Decimal]:
        if namespace not in self._own:
            self._own |= own_of(self._budget, self._ledger, {namespace})
        return self._own[namespace]
