"""Who is woken when a job asks for what a count had set aside for its claim."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from quantumjob_operator.budgets.ledger import ledger_of, put
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.budget_ledger import State
from quantumjob_operator.controller.spending import Spending
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.reservation import Reservation
from rooms.budgets.values import NOW, budget, written
from rooms.controller.test_spending import Hearing, ask, spending_of
from rooms.lifecycle.observations import new


@dataclass(slots=True)
class Keeping:
    """Ledgers that are written as asked, and stand in the cache at once."""

    cache: Cache

    async def change(self, uid: str, change: Any, *, patient: bool = False) -> Any:
        """Make it."""
        del patient
        one = self.cache.budgets[uid]
        state, answer = change(one, State(ledger_of(one, NOW)), NOW)
        version = f"{int(one.resource_version) + 1}"
        self.cache.put_budget(replace(one, resource_version=version, status=written(one, state.ledger).status))
        return answer


def dollars(job_id: str, amount: str, basis: str = "Estimate") -> Reservation:
    """So many are set aside."""
    amounts = (Amount("USD", amount),)
    return Reservation(job_id, "vqe", "ghz", "u", "shared", stamp(NOW), amounts=amounts, basis=basis)


async def with_a_claim(under_way: str, key: str | None, basis: str = "Claimed") -> tuple[Spending, list[str], Cache]:
    """One job waits, and 250 are set aside for another one, u1, that needs 1 of 2,000."""
    cache, woken, one, hearing = Cache(), list[str](), budget(), Hearing()
    elsewhere = Cache()
    elsewhere.put_budget(one)
    await ask(spending_of(elsewhere, hearing), one, "u1", key=key)
    ledger = put(ledger_of(one, NOW), dollars("runs", under_way))
    ledger = put(ledger, dollars(hearing.heard[0].job_id, "250", basis))
    cache.put_budget(written(one, ledger))
    cache.trust_budget(one.uid)
    spending = spending_of(cache, Keeping(cache), woken)
    await ask(spending, cache.budgets[one.uid], "waits")
    return spending, woken, cache


@pytest.mark.parametrize(
    ("under_way", "key", "basis", "offers"),
    [
        pytest.param("2000", None, "Claimed", 1, id="it is turned down, and keeps less from now on"),
        pytest.param("1999", None, "Claimed", 1, id="it is let in, and took less"),
        pytest.param("2000", "k", "Claimed", 0, id="its key may be another's, and all of it stays"),
        pytest.param("1999", None, "Estimate", 0, id="it was reserved, and never is lowered"),
    ],
)
async def test_what_a_claim_kept_from_others_is_offered_once(
    under_way: str, key: str | None, basis: str, offers: int
) -> None:
    """Whoever asks again and again changes nothing, and wakes nobody: else the two would wake each other for ever."""
    spending, woken, cache = await with_a_claim(under_way, key, basis)
    for _ in range(3):
        await ask(spending, cache.budgets["budget-uid"], "u1", key=key)
    assert woken == ["budget-uid"] * offers


async def test_a_job_under_a_key_is_woken_once_it_is_known_what_was_sent() -> None:
    """While a claim stands that asks for more than it needs itself, it is not: that does not let it in."""
    spending, woken, cache = await with_a_claim("1900", "k")
    one = cache.budgets["budget-uid"]
    cache.put(replace(new(), uid="u1"))
    for _ in range(2):
        await ask(spending, one, "u1", key="k")
        spending.changed(cache.budgets[one.uid], everybody=False)
    assert "u1" not in woken
    released = replace(one, status=written(one, ledger_of(budget(), NOW)).status, resource_version="99")
    cache.put_budget(released)
    cache.trust_budget(one.uid)
    spending.changed(cache.budgets[one.uid], everybody=False)
    assert "u1" in woken


async def test_at_a_budget_that_is_gone_nobody_stands_in_line() -> None:
    """Nobody would look at it any more."""
    cache, woken = Cache(), list[str]()
    one = written(budget(), put(ledger_of(budget(), NOW), dollars("runs", "2000")))
    cache.put_budget(one)
    cache.trust_budget(one.uid)

    class Going(Keeping):
        async def change(self, uid: str, change: Any, *, patient: bool = False) -> Any:
            answer = await super().change(uid, change, patient=patient)
            cache.remove(uid)
            return answer

    spending = spending_of(cache, Going(cache), woken)
    await ask(spending, one, "u1")
    assert not spending.was_asked(one.uid)
    assert woken == ["u1"]
