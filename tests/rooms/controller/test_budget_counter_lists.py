"""How far a list is counted or compared with a ledger, and what happens while it is read."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from quantumjob_operator.budgets import tally as tally_module
from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.budgets.requests import ask
from quantumjob_operator.controller.settlement import as_shown
from quantumjob_operator.model.jobstatus import AttemptShown, JobStatus
from rooms.azure.kept import rows_kept
from rooms.budgets.values import NOW, request, usd, written
from rooms.controller.counting import HERE, LIMITS, PAGE, Lab, Rows, doubted, forgetful, row


async def test_a_ledger_that_changed_last_in_the_future_is_counted_anew() -> None:
    """It would be compared with what was sent since then, which is nothing."""
    lab = doubted(lambda _: [row(1)], budget_spec=LIMITS)
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    lab.budget = replace(lab.budget, status=replace(lab.budget.status, changed_at=ahead))
    lab.cache.budgets[lab.budget.uid] = lab.budget
    await lab.look()
    assert lab.state is not None
    assert lab.state.counted is False


@pytest.mark.parametrize("how", ["reserved", "settled"])
async def test_what_is_booked_while_a_list_is_read_is_not_missing(how: str) -> None:
    """By another operator: the newest ledger has the job, or its object says by then that it is settled."""
    lab = doubted(lambda _: [row(1, reserved=HERE)], budget_spec=LIMITS)
    job = forgetful(1)
    lab.cache.put_job(job)
    if how == "reserved":
        held = request(1, usd("12.5"), job_id=str(UUID(int=1)), uid=job.uid)
        ledger = ask(replace(lab.budget, doubted=False), ledger_of(lab.budget, datetime.now(UTC)), held, NOW)[0]
        lab.newest = written(lab.budget, ledger, datetime.now(UTC))
    else:
        shown = AttemptShown(1, str(UUID(int=1)), "Failed", "JobFailed")
        told = as_shown(lab.budget, (), "Settled", lab.budget.status.changed_at)
        lab.cache.put_job(replace(job, resource_version="9999", status=JobStatus(attempts=(shown,), budgets=(told,))))
    await lab.look()
    assert lab.state is None or lab.state.counted is not False
    assert lab.cache.budgets[lab.budget.uid].doubted is (how == "reserved")


async def test_a_list_without_end_ends_the_count_and_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Longer than it took to read; nothing of it is written."""
    monkeypatch.setattr(tally_module, "MOST_ROWS", 2_500)
    lab = Lab(lambda page: [row(page * PAGE + number) for number in range(PAGE)], pages=1_000)
    kept = await lab.look()
    assert kept is not None
    assert "more than 2,500 jobs of this period" in kept.message
    assert lab.state is None
    took = lab.now
    assert took < 30
    lab.now += took
    assert await lab.look() == kept
    assert lab.reads == 1
    lab.now += 4 * took
    assert await lab.look() == kept
    assert lab.reads == 2


def full_pages(status: str) -> Callable[[int], Rows]:
    """Pages of jobs, each of its own."""
    return lambda page: [row(page * PAGE + number, status=status) for number in range(PAGE)]


async def test_a_list_is_compared_as_far_as_one_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no job is missing, since these never began; then it is left alone as well."""
    monkeypatch.setattr(tally_module, "MOST_ROWS", 1_000)
    lab = doubted(full_pages("Cancelled"), pages=20)
    kept = await lab.look()
    assert kept is not None
    assert "more than 1,000 jobs of this period" in kept.message
    assert (lab.now, lab.state) == (11, None)
    lab.now += 11
    assert await lab.look() == kept
    assert lab.reads == 1


async def test_a_list_is_compared_as_far_as_a_job_that_is_missing() -> None:
    """One is enough to count anew, and for each the whole ledger is looked through."""
    lab = doubted(full_pages("Executing"), pages=20)
    await lab.look()
    assert lab.state is not None
    assert not lab.state.counted
    assert lab.now == 1


async def test_a_ledger_that_is_doubted_while_a_list_is_read_was_not_compared() -> None:
    """The cluster was restored meanwhile, and the ledger that came is another one."""

    def page(number: int) -> Rows:
        if number == 1 and lab.reads == 1:
            lab.cache.mark_stale()
        return []

    lab = doubted(page, pages=2)
    assert await lab.look() is not None
    assert lab.cache.budgets[lab.budget.uid].doubted
    lab.now += 600
    lab.budget = lab.cache.budgets[lab.budget.uid]
    assert await lab.look() is None
    assert not lab.cache.budgets[lab.budget.uid].doubted


async def test_others_run_while_a_list_is_counted() -> None:
    """Between a few rows, and the write takes a moment."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    lab = Lab(lambda page: [row(page * PAGE + number) for number in range(PAGE)], pages=20)
    running = asyncio.create_task(others())
    assert await lab.look() is not None  # the ledger that is played is never in the cache
    running.cancel()
    assert turns >= 20 * PAGE // 25
    assert lab.state is not None
    assert len(lab.state.ledger.open) == 20 * PAGE
    print(f"{lab.slowest:.3f} s")  # noqa: T201


async def test_of_a_page_nothing_is_kept_while_the_next_one_is_awaited() -> None:
    """Rows full of bills are four times as long in memory as in the list, and the next page may never come."""
    before, kept = rows_kept(), []

    def page(number: int) -> Rows:
        kept.append(rows_kept() - before)
        return [row(number * PAGE + one) for one in range(PAGE)]

    await Lab(page, pages=3).look()
    # The last row of a page is only forgotten with the first of the next one.
    assert len(kept) == 3
    assert max(kept) <= 1
