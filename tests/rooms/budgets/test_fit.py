"""What is kept for those that wait longer, however many they are."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.budgets.simulated import Simulated, fits
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.reservation import Reservation
from rooms.budgets.values import NOW, budget, usd


class Counted(dict[str, Reservation]):
    """Reservations that count how often they are gone through."""

    walks = 0

    def values(self) -> Any:
        """All of them."""
        self.walks += 1
        return super().values()


@pytest.mark.parametrize("namespaces", [pytest.param(1, id="of one namespace"), pytest.param(50, id="of many")])
def test_a_ledger_is_gone_through_once_for_all_that_wait(namespaces: int) -> None:
    """It has up to thousands of reservations, and a hundred may wait, when a limit is raised: all on the event loop."""
    one, reservations = budget(), Counted()
    ledger = replace(ledger_of(one, NOW), open=reservations)
    ahead = tuple(Ahead(f"ns-{number % namespaces}", (Amount("USD", "1"),)) for number in range(99))
    assert fits(one, ledger, "vqe", usd("10"), ahead=ahead) is None
    assert reservations.walks <= 3


@pytest.mark.parametrize(("offered", "passes"), [(True, True), (False, False)])
def test_who_is_told_that_it_can_go_is_not_refused(*, offered: bool, passes: bool) -> None:
    """One rule says both: what was offered to a job is its namespace's, whose larger one waits for it then."""
    one = budget(limits=[{"unit": "USD", "amount": "100"}])
    running = Reservation("r", "others", "r", "r", "shared", "2026-11-22T13:00:00Z", amounts=(Amount("USD", "64.1"),))
    ledger = replace(ledger_of(one, NOW), open={"r": running})
    small = Ahead("n", (Amount("USD", "30"),), "x", offered=offered)
    large = Ahead("n", (Amount("USD", "80"),), "t")
    room = Simulated(one, ledger)
    room.takes(small) if offered else room.keep(small)
    if room.could_fit(large):
        room.keep(large)
    fitting = room.takes(Ahead("m", (Amount("USD", "5"),), "j"))
    assert fitting is passes
    assert (fits(one, ledger, "m", usd("5"), ahead=(small, large)) is None) is fitting
