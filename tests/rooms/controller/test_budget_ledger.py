"""The writer of ledgers, against an object that somebody else changes too."""

import asyncio
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from quantumjob_operator.budgets.ledger import ledger_of, release
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.requests import Granted, Request, ask
from quantumjob_operator.budgets.shown import as_counted, shown
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import Conflict
from quantumjob_operator.cluster.budgets import BudgetObjects
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.controller.budget_ledger import BudgetLedgers, Pause, State, pause_after, pause_for
from quantumjob_operator.controller.reconcile_context import Outdated
from quantumjob_operator.model.budget_patch import budget_status_patch
from quantumjob_operator.model.quantumbudget import QuantumBudget, parse_budget
from rooms.budgets.values import NOW, SPEC, digested, request, usd


class Store:
    """One object of an API server: patches are guarded by its resourceVersion."""

    def __init__(self) -> None:
        meta = {"name": "research", "namespace": "quantum-platform", "uid": "u", "resourceVersion": "1"}
        meta |= {"creationTimestamp": "2026-01-15T10:00:00Z"}
        self.body: dict[str, Any] = {"metadata": meta, "spec": dict(SPEC)}
        one = parse_budget(self.body)
        counted = as_counted(one, shown(one, ledger_of(one, NOW), NOW), NOW)
        self.body = digested(self.body | {"status": budget_status_patch(one.status, counted)})
        self.patches = 0
        self.told: list[tuple[str, str]] = []

    def was_changed(self, at: str) -> None:
        """As an operator has left it, by its clock."""
        self.body["status"]["changedAt"] = at
        self.body = digested(self.body)

    async def request(self, method: str, _path: str, body: Any = None) -> dict[str, Any]:
        """The object as it is, or an Event that is taken."""
        await asyncio.sleep(0)
        if method == "POST":
            self.told.append((body["type"], body["reason"]))
            return {}
        return deepcopy(self.body)

    async def patch(self, path: str, patch: dict[str, Any]) -> dict[str, Any]:
        """Written, if it is still the version that was read."""
        await asyncio.sleep(0)
        meta = self.body["metadata"]
        if patch["metadata"]["resourceVersion"] != meta["resourceVersion"]:
            raise Conflict(f"PATCH {path}", 409, "Conflict", "changed")
        self.patches += 1
        meta |= {key: value for key, value in patch["metadata"].items() if key == "finalizers"}
        self.body["status"] |= patch.get("status", {})
        meta["resourceVersion"] = str(int(meta["resourceVersion"]) + 1)
        return deepcopy(self.body)


async def no_pause(_seconds: float, _event: asyncio.Event | None) -> None:
    """One write follows the other at once."""


def operator(
    store: Store, pause: Pause = no_pause, *, doubted: bool = False, cache: Cache | None = None
) -> BudgetLedgers:
    """One operator with its own memory."""
    cache, api = cache or Cache(), store
    cache.put_budget(parse_budget(deepcopy(store.body)))
    if not doubted:
        cache.trust_budget("u")
    objects = BudgetObjects(api)  # type: ignore[arg-type]
    events = Events(api, "test")  # type: ignore[arg-type]
    clock = Clock(lambda: 0.0, lambda: NOW)
    return BudgetLedgers(objects=objects, events=events, cache=cache, clock=clock, pause=pause)


def _ask(wanted: Request, budget: QuantumBudget, state: State, now: datetime) -> tuple[State, object]:
    ledger, answer = ask(budget, state.ledger, wanted, now)
    return replace(state, ledger=ledger), answer


async def test_two_operators_reserve_no_more_than_there_is() -> None:
    """Sixty jobs of 100 USD, a budget of 2,000: twenty, in far fewer writes."""
    store = Store()
    both = [operator(store), operator(store)]
    asked = [both[number % 2].change("u", partial(_ask, request(number, usd("100")))) for number in range(60)]
    answers = await asyncio.gather(*asked)
    assert [isinstance(answer, Granted) for answer in answers].count(True) == 20
    assert len(store.body["status"]["reservations"]) == 20
    assert store.patches <= 4


async def test_what_waits_goes_into_one_write() -> None:
    """And the finalizer stands before it."""
    store = Store()
    one = operator(store)
    await asyncio.gather(*(one.change("u", partial(_ask, request(number, usd("1")))) for number in range(200)))
    assert len(store.body["status"]["reservations"]) == 200
    assert store.body["metadata"]["finalizers"] == ["quantumjobs.dev/reserved"]
    assert store.patches == 2


async def test_what_is_asked_within_the_pause_after_a_write_goes_into_the_next_one() -> None:
    """Each write takes the whole ledger: jobs that come one after the other share some."""
    store, asked, over = Store(), list[float](), asyncio.Event()

    async def pause(seconds: float, event: asyncio.Event | None) -> None:
        assert event is None
        asked.append(seconds)
        await over.wait()

    one = operator(store, pause)
    await one.change("u", partial(_ask, request(0, usd("1"))))
    before = store.patches
    others = [asyncio.create_task(one.change("u", partial(_ask, request(number, usd("1"))))) for number in range(1, 5)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert (store.patches, asked) == (before, [pause_after(1)])
    over.set()
    await asyncio.gather(*others)
    assert store.patches == before + 1


async def test_what_no_job_waits_for_goes_with_what_one_waits_for() -> None:
    """A job that is over can be settled a moment later: one write less, and none in the way of those that come."""
    store = Store()
    one = operator(store, pause_for)
    settled = asyncio.create_task(one.change("u", partial(_ask, request(0, usd("1"))), patient=True))
    await asyncio.sleep(0.01)
    assert (store.patches, settled.done()) == (0, False)
    await asyncio.gather(settled, one.change("u", partial(_ask, request(1, usd("1")))))
    assert store.patches == 2, "the finalizer, and one write for both"


async def test_what_no_job_waits_for_is_written_all_the_same() -> None:
    """Nobody else comes."""
    store, waits = Store(), list[asyncio.Event | None]()

    async def pause(_seconds: float, event: asyncio.Event | None) -> None:
        waits.append(event)

    await operator(store, pause).change("u", partial(_ask, request(0, usd("1"))), patient=True)
    assert store.patches == 2
    assert waits[0] is not None, "it waits until somebody comes, or for so long"


@pytest.mark.parametrize(
    ("reservations", "seconds"),
    [
        pytest.param(0, 0.02, id="at least a moment"),
        pytest.param(500, 0.15, id="in proportion to what a write takes"),
        pytest.param(5_000, 0.3, id="never long: jobs wait for it"),
    ],
)
def test_the_pause_after_a_write(reservations: int, seconds: float) -> None:
    """Where writes are dear, more jobs share one."""
    assert pause_after(reservations) == pytest.approx(seconds)


async def test_what_changes_nothing_is_not_written() -> None:
    """A job that does not fit, and one whose reservation was confirmed."""
    store = Store()
    one = operator(store)
    await one.change("u", partial(_ask, request(1, usd("100"))))
    await one.change("u", partial(_ask, request(1, usd("100"))))
    before = store.patches
    await one.change("u", partial(_ask, request(1, usd("100"))))
    await one.change("u", partial(_ask, request(2, usd("2000"))))
    assert store.patches == before


async def test_what_was_written_while_the_spec_meant_others_is_counted_anew() -> None:
    """A change of the spec that is taken back again leaves behind what was settled by it meanwhile."""
    store = Store()
    store.body["spec"]["each"] = "Namespace"
    await operator(store).change("u", partial(_doubt))
    store.body["spec"].pop("each")
    assert not parse_budget(deepcopy(store.body)).is_counted


def _doubt(_budget: QuantumBudget, state: State, _now: datetime) -> tuple[State, None]:
    """Something is written."""
    return replace(state, unconfirmed="nobody answers"), None


async def test_each_step_of_a_limit_is_told_once() -> None:
    """By whoever wrote that it is reached; not by the other operator, and not by one that starts later."""
    store = Store()
    both = [operator(store), operator(store)]
    for number in range(20):
        await both[number % 2].change("u", partial(_ask, request(number, usd("100"))))
    assert store.told == [("Warning", "LimitNear"), ("Warning", "LimitReached")]
    later = operator(store)
    await later.change("u", partial(_ask, request(0, usd("90"))))
    await later.change("u", partial(_ask, request(0, usd("100"))))
    assert len(store.told) == 2


async def test_a_budget_whose_spec_cant_be_read_lets_nothing_pass_and_is_not_written() -> None:
    """As after the operator was set back to a version before its CRDs: what it limits, and since when, nobody knows."""
    store = Store()
    store.body["spec"]["unknownCost"] = "AskTheOwner"
    ledgers, stored = operator(store), deepcopy(store.body)
    refusal = await ledgers.change("u", partial(_ask, request(0, usd("1"))))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "BudgetUnreadable"
    assert "quantum-platform/research can't be read" in refusal.message
    assert "spec.unknownCost" in refusal.message
    free = replace(usd("1"), amounts=(), basis="Free")
    assert isinstance(await ledgers.change("u", partial(_ask, request(1, free))), Granted)
    with pytest.raises(Outdated):
        await ledgers.change("u", lambda _, state, __: (replace(state, counted=False), None))
    assert store.body == stored


async def test_each_change_of_a_ledger_is_later_than_the_one_before() -> None:
    """Although the clock stands still here, and another one was ahead: an earlier time shows that it was set back."""
    store = Store()
    store.was_changed("2026-11-22T13:00:07.5Z")
    ledgers, times = operator(store), list[str]()
    for number in range(3):
        await ledgers.change("u", partial(_ask, request(number, usd("1"))))
        times.append(store.body["status"]["changedAt"])
    assert times == [f"2026-11-22T13:00:07.50000{number}Z" for number in (1, 2, 3)]


async def test_a_ledger_is_written_with_its_digest() -> None:
    """What somebody else changes of it is seen."""
    store = Store()
    await operator(store).change("u", partial(_ask, request(1, usd("1"))))
    assert parse_budget(deepcopy(store.body)).is_counted
    store.body["status"]["totals"] = []
    torn = parse_budget(deepcopy(store.body))
    assert (torn.is_counted, torn.status.torn) == (False, True)


async def test_a_ledger_that_is_doubted_keeps_its_time_until_it_was_compared() -> None:
    """By its time it is known what one that was set back lacks, whatever is settled in it meanwhile."""
    store = Store()
    ledgers = operator(store)
    await ledgers.change("u", partial(_ask, request(1, usd("5"))))
    before = store.body["status"]["changedAt"]
    later = operator(store, doubted=True)
    await later.change("u", partial(_released, "job-1"))
    assert (store.body["status"]["changedAt"], store.body["status"]["reservations"]) == (before, None)
    assert parse_budget(deepcopy(store.body)).is_counted
    await operator(store).change("u", partial(_ask, request(2, usd("5"))))
    assert store.body["status"]["changedAt"] > before


def _released(job_id: str, _budget: QuantumBudget, state: State, _now: datetime) -> tuple[State, None]:
    """What was reserved for a job is given back."""
    return replace(state, ledger=release(state.ledger, job_id)), None


@pytest.mark.parametrize("ahead", ["2026-11-23T13:00:00.5Z", "2062-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
async def test_a_time_far_ahead_is_no_time_to_go_on_from(ahead: str) -> None:
    """Some clock was wrong for a moment; a ledger would be believed until that time has come."""
    store = Store()
    store.was_changed(ahead)
    cache = Cache()
    await operator(store, cache=cache).change("u", partial(_ask, request(1, usd("1"))))
    assert store.body["status"]["changedAt"] == "2026-11-22T13:00:00.000000Z"
    assert not cache.budgets["u"].is_counted
