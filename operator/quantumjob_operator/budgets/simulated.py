"""Whether a job fits beside all for whom something is kept, and who of those that wait could go now.

Both are found by putting one after the other into a ledger: else one that was told that it can go would be refused.
Must not live here: in which order they wait (`controller.budget_line`).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
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
from quantumjob_operator.budgets.ledger import UNUSED, Key, Ledger, Used, group_of, used
from quantumjob_operator.budgets.needs import Needs, limited_units
from quantumjob_operator.budgets.refusals import Refusal, Shortage, closed, exceeded
from quantumjob_operator.budgets.room import Room
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import QuantumBudget

Amounts = tuple[Amount, ...]


class Simulated:
    """A ledger into which those who wait are put one after another, to see how many can go."""

    def __init__(self, budget: QuantumBudget, ledger: Ledger) -> None:
        self._budget = budget
        self._ledger = ledger
        self._taken = used(budget, ledger)
        self._sums = dict(self._taken)
        self._units = limited_units(budget.spec)
        self._places: Room | None = None
        self._own: dict[str, Mapping[str, Decimal]] = {}

    def expect(self, namespaces: Collection[str]) -> None:
        """Look once at what these have under way: a ledger has thousands of reservations."""
        self._own |= own_of(self._budget, self._ledger, namespaces)

    def lacks(self, group: str, amounts: Amounts) -> Shortage | None:
        """The first limit that has too little left, with what the ledger itself has of it; None if there is none."""
        short = shortage(self._budget, self._sums, group, amounts)
        return short and replace(short, taken=self._taken.get(Key(group, short.limit.unit), UNUSED))

    def takes(self, who: Ahead) -> bool:
        """Whether a job fits; then it is in."""
        budget, group = self._budget, group_of(self._budget, who.namespace)
        if closed(budget) or not self._has_place(who):
            return False
        if shortage(budget, self._beside(who), group, self._asked(who)):
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

    @property
    def _room(self) -> Room:
        if self._places is None:
            self._places = Room(self._ledger.open.values())
        return self._places

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


def fits(
    budget: QuantumBudget,
    ledger: Ledger,
    namespace: str,
    needs: Needs,
    *,
    ahead: tuple[Ahead, ...] = (),
    surely: bool = True,
) -> Refusal | None:
    """Why a job has to wait; None if it fits beside everything that is spent, reserved, and kept for others.

    Args:
        budget: Whose ledger it is.
        ledger: As it is, without what is reserved for the job.
        namespace: Of the job.
        needs: Of the job.
        ahead: Those for whom something is kept, first those to whom it was offered.
        surely: It needs all of that; who may need less is not refused for good.
    """
    group, room = group_of(budget, namespace), Simulated(budget, ledger)
    # What the ledger alone says is the same in every process.
    short = room.lacks(group, needs.amounts)
    if short is None and ahead:
        room.expect({one.namespace for one in ahead})
        for one in ahead:
            if one.offered:
                room.takes(one)
            elif room.could_fit(one):
                room.keep(one)
        short = room.lacks(group, needs.amounts)
    if short is None:
        return None
    return exceeded(budget, ledger.period, namespace, replace(short, surely=surely), needs.detail)
