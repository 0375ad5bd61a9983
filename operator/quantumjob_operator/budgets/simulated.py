"""Who of those that wait could go now. Must not live here: in which order they wait (`controller.budget_line`)."""

from collections.abc import Mapping
from decimal import Decimal

from quantumjob_operator.budgets.fit import (
    Ahead,
    added,
    asked_for,
    could_fit,
    own_of,
    shortage,
    standing_for,
    without,
)
from quantumjob_operator.budgets.ledger import Key, Ledger, Used, group_of, used
from quantumjob_operator.budgets.needs import limited_units
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
        self._units = limited_units(budget.spec)
        self._room = Room(ledger.open.values())
        self._own: dict[str, Mapping[str, Decimal]] = {}

    def takes(self, who: Ahead) -> bool:
        """Whether a job fits; then it is in."""
        budget, group = self._budget, group_of(self._budget, who.namespace)
        if is_closed(budget) or not self._has_place(who):
            return False
        if shortage(budget, self._beside(who), group, self._asked(who), kept={}):
            return False
        if who.job_id not in self._ledger.open:
            self._room.take(who.namespace)
        self.keep(who)
        if group != who.namespace:
            own = dict(without(self._own_of(who.namespace), self._standing(who)))
            for one in self._asked(who):
                own[one.unit] = own.get(one.unit, Decimal(0)) + one.value
            self._own[who.namespace] = own
        return True

    def keep(self, who: Ahead) -> None:
        """Leave so much to a job, though it does not fit now."""
        sums = self._beside(who)
        self._sums |= sums | added(sums, group_of(self._budget, who.namespace), self._asked(who))

    def could_fit(self, who: Ahead) -> bool:
        """Whether it would if all that others have reserved were released; who has all its places has no turn."""
        if not self._has_place(who):
            return False
        own = without(self._own_of(who.namespace), self._standing(who))
        group = group_of(self._budget, who.namespace)
        return could_fit(self._budget, self._beside(who), own, group, self._asked(who))

    def _has_place(self, who: Ahead) -> bool:
        return who.job_id in self._ledger.open or self._room.has_place(who.namespace)

    def _standing(self, who: Ahead) -> Amounts:
        return standing_for(self._ledger, who.job_id)

    def _asked(self, who: Ahead) -> Amounts:
        return asked_for(self._ledger, who)

    def _beside(self, who: Ahead) -> dict[Key, Used]:
        """The sums of its group, without what is reserved for the job itself."""
        keys = [Key(group_of(self._budget, who.namespace), unit) for unit in self._units]
        sums = {key: self._sums[key] for key in keys if key in self._sums}
        for one in self._standing(who):
            key = Key(group_of(self._budget, who.namespace), one.unit)
            if key in sums:
                sums[key] = sums[key]._replace(reserved=sums[key].reserved - one.value)
        return sums

    def _own_of(self, namespace: str) -> Mapping[str, Decimal]:
        if namespace not in self._own:
            self._own |= own_of(self._budget, self._ledger, {namespace})
        return self._own[namespace]
