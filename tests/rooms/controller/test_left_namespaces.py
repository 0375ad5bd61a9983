"""Jobs whose namespace a budget counts no more."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.left_namespaces import LeftNamespaces
from quantumjob_operator.model.quantumbudget import QuantumBudget
from rooms.budgets.values import budget
from rooms.lifecycle.observations import new

TEAM: Final = {"team": "research"}


@dataclass(slots=True)
class Place:
    """Jobs that wait for a budget of the team's namespaces, one in each."""

    labels_of: dict[str, dict[str, str] | None]
    asked: list[str] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)
    cache: Cache = field(default_factory=Cache)

    async def labels(self, name: str) -> dict[str, str] | None:
        """As the namespaces'."""
        self.asked.append(name)
        return self.labels_of[name]

    def looking(self) -> LeftNamespaces:
        """What looks at them."""
        for name in self.labels_of:
            self.cache.put_job(replace(new(), uid=f"of-{name}", namespace=name))
        namespaces: Any = self
        return LeftNamespaces(self.cache, namespaces, self.woken.append)


def of_the_team(**spec: Any) -> QuantumBudget:
    """A budget."""
    return budget(namespaces={"selector": {"matchLabels": TEAM}}, **spec)


async def test_who_is_counted_no_more_asks_again() -> None:
    """Whoever owns the namespaces has taken one out of the team; a gone or unreadable one is no way out."""
    place = Place({"in": TEAM, "out": {"team": "other"}, "bare": {}, "unreadable": None})
    await place.looking().look(of_the_team(), ["of-in", "of-out", "of-bare", "of-unreadable", "gone"])
    assert sorted(place.woken) == ["of-bare", "of-out"]


async def test_nothing_is_asked_for_a_budget_of_all_namespaces() -> None:
    """Nor for one for which nobody waits."""
    place = Place({"out": {}})
    await place.looking().look(budget(), ["of-out"])
    await place.looking().look(of_the_team(), [])
    assert (place.asked, place.woken) == ([], [])


@pytest.mark.parametrize("number", [7, 10, 35])
async def test_each_has_its_turn_and_few_are_asked_for_at_once(number: int) -> None:
    """Thousands may wait, and a budget is looked at every quarter of a minute."""
    place = Place({f"ns-{one:02}": {} for one in range(number)})
    looking, waiting = place.looking(), [f"of-ns-{one:02}" for one in range(number)]
    for _ in range(-(-number // 10)):
        before = len(place.asked)
        await looking.look(of_the_team(), waiting)
        assert len(place.asked) - before <= 10
    assert set(place.woken) == set(waiting)


async def test_of_budgets_that_are_gone_nothing_is_kept() -> None:
    """Whoever may create them can do so without end."""
    place = Place({"out": {}})
    looking = place.looking()
    for number in range(50):
        one = replace(of_the_team(), uid=f"budget-{number}", name=f"budget-{number}")
        place.cache.put_budget(one)
        await looking.look(one, ["of-out"])
        place.cache.remove(one.uid)
    assert len(looking._last) <= 2
