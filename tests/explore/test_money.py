"""Schedules of a budget that the exploration found, or that it takes long to come to."""

from dataclasses import replace

import pytest

from explore.__main__ import SCENARIOS, from_text
from explore.effects import moved
from explore.judge import at_rest, wrongs
from explore.money import DAY, LIFETIME, LIMIT, account_of, new_budget
from explore.moves import Move, free_moves
from explore.outside import Outside
from explore.parts import EPOCH, TURN
from explore.process import Process
from explore.state import State, begin
from quantumjob_operator.model.budgetstatus import BudgetStatus


def after(*moves: Move) -> State:
    """Two jobs and a budget for one of them, once these have come after each other."""
    state = begin(SCENARIOS["money"])
    for move in moves:
        state = moved(state, move)
        assert list(wrongs(state, idle=False)) == []
    return state


def until(state: State, name: str) -> State:
    """Undisturbed, until somebody waits for a request of this name; jobs don't end."""
    for _ in range(60):
        if any(ask.name == name for process in state.processes if process for ask in process.asks.values()):
            return state
        state = moved(state, next(move for move in free_moves(state) if move[0] != "ends"))
    raise AssertionError(f"nobody asks for {name}")


def compared(state: State) -> State:
    """The budget has been compared with the service's list, as after each start of a process."""
    state = moved(state, ("begin", "1", "budget"))
    while asking := list(_asks(state)):
        state = moved(state, ("answer", "1", asking[0]))
    return state


def to_the_end(state: State) -> State:
    """Undisturbed, while jobs end as soon as they can."""
    for _ in range(200):
        if at_rest(state):
            return state
        moves = [move for move in free_moves(state) if not move[0].startswith("user-")]
        state = moved(state, next((move for move in moves if move[0] == "ends"), moves[0]))
        assert list(wrongs(state, idle=False)) == []
    raise AssertionError("no rest")


def reserved(state: State) -> int:
    """How many jobs have something set aside."""
    assert state.outside.budget
    return len(account_of(state.outside.budget).jobs)


def test_one_job_after_the_other() -> None:
    """The second is woken by the bill of the first, which is below what was reserved."""
    state = to_the_end(after())
    assert len(state.outside.runs) == len(state.outside.objects) == 2
    assert state.outside.budget
    assert account_of(state.outside.budget).spent == state.outside.billed() < LIMIT


@pytest.mark.parametrize("step", ["claim", "get", "put", "status"])
def test_a_ledger_that_is_wiped_while_a_job_is_on_its_way(step: str) -> None:
    """It is counted before the other job is let go, and the list does not show yet what has just been sent."""
    state = until(after(), "ledger")
    state = until(moved(state, free_moves(state)[0]), step)
    state = moved(moved(state, free_moves(state)[0]), ("wipe", "budget"))
    state = until(state, "rows")
    state = moved(until(moved(state, ("answer", "1", "budget")), "ledger"), ("answer", "1", "ledger"))
    assert reserved(state) == 1, "what was claimed may have been sent"
    state = to_the_end(state)
    assert len(state.outside.runs) == 2


def test_a_job_whose_claim_is_refused_holds_nothing_meanwhile() -> None:
    """It reserves anew when it tries again, and is sent once."""
    state = until(compared(begin(SCENARIOS["bill"])), "claim")
    assert reserved(state) == 1
    state = until(moved(state, ("fail", "1", "1")), "ledger")
    while any("ledger" in one for one in free_moves(state)) and reserved(state):
        state = moved(state, next(one for one in free_moves(state) if one[0] == "answer"))
    assert reserved(state) == 0
    assert len(to_the_end(state).outside.runs) == 1


def test_a_job_that_is_suspended_before_it_is_sent_keeps_nothing_from_others() -> None:
    """It is claimed and may stay suspended for ever; resumed, it reserves anew."""
    begun = "begin 1 1, answer 1 ledger, begin 1 budget, answer 1 ledger, answer 1 1, suspend 1"
    state = compared(begin(SCENARIOS["bill"]))
    for move in from_text(f"bill: {begun}")[1]:
        state = moved(state, move)
    state = to_the_end(state)
    assert (reserved(state), len(state.outside.runs)) == (0, 0)
    assert len(to_the_end(moved(state, ("resume", "1"))).outside.runs) == 1


def test_who_waits_while_the_ledger_is_counted_is_woken_for_what_it_holds_already() -> None:
    """Claimed, then held because the ledger was wiped: what the count sets aside for a job must not keep it back."""
    begun = "begin 1 1, answer 1 ledger, begin 1 budget, answer 1 ledger, wipe budget"
    state = compared(begin(SCENARIOS["bill"]))
    for move in from_text(f"bill: {begun}")[1]:
        state = moved(state, move)
    assert len(to_the_end(state).outside.runs) == 1


@pytest.mark.parametrize("appears", ["claim", "get", "put"])
def test_a_budget_that_appears_while_a_job_is_on_its_way_is_asked_before_it_is_sent(appears: str) -> None:
    """It is counted at once, and the service's list shows nothing of the job."""
    state = until(_without_budget(), appears).copy()
    (asking,) = state.outside.objects
    state.outside.put_budget(replace(new_budget(LIFETIME), status=BudgetStatus()))
    state.tell_watchers()
    state = moved(state, ("begin", "1", "budget"))
    while not (state.outside.budget and state.outside.budget.is_counted):
        # A budget is reconciled by a worker of its own.
        state = moved(state, ("answer", "1", next(uid for uid in _asks(state) if uid != asking)))
    if appears == "put":
        state = moved(state, ("answer", "1", "1"))
    state = to_the_end(state)
    assert state.outside.budget
    assert account_of(state.outside.budget).spent == state.outside.billed() > 0


def _without_budget() -> State:
    begun = begin(SCENARIOS["bill"])
    outside = Outside(begun.scenario.hides_for, priced=True)
    state = State(begun.scenario, outside, (None,), acts=())
    state.create()
    outside.events = ()
    state.start(0)
    return state


@pytest.mark.parametrize("who", ["1", "2"])
def test_what_only_one_operator_could_not_ask_for_is_not_written_in_turn(who: str) -> None:
    """It says so once; the other one, which knows of no trouble, takes it off once it has asked itself."""
    state = _left_reserved()
    while not any(ask.name == "get" for ask in _process(state, who).asks.values()):
        state = _on(state)
    state = moved(state, ("fail", who, "budget"))
    failed, written = state.outside.now, state.outside.version
    while not _unconfirmed(state):
        state = _on(state)
    asked = False
    for _ in range(500):
        asked |= any(ask.name == "get" for process in state.processes if process for ask in process.asks.values())
        state = _on(state)
        assert asked or _unconfirmed(state)
        if state.outside.now >= failed + 300:
            break
    assert state.outside.now >= failed + 300, "time goes on"
    assert not _unconfirmed(state)
    assert not reserved(state)
    assert state.outside.version <= written + 4, "the condition, its end, the reservation and the finalizer"


@pytest.mark.parametrize("who", ["1", "2"])
def test_who_can_never_ask_does_not_write_in_turn_with_who_can(who: str) -> None:
    """As long as something is reserved: a condition comes and goes at the pace at which both ask."""
    state, written = _left_reserved(), 0
    for _ in range(2_000):
        if any(ask.name in {"get", "rows"} for ask in _process(state, who).asks.values()):
            state, written = moved(state, ("fail", who, "budget")), written or state.outside.version
        elif state.outside.now > EPOCH + 600 or not reserved(state):
            break
        state = _on(state)
    assert not reserved(state), "the other one releases it"
    assert state.outside.version - written < 10


def _left_reserved() -> State:
    """Two operators, and a reservation of one that was killed: its job was never sent, and never will be."""
    state = begin(replace(SCENARIOS["rivals"], jobs=1))
    while not any(ask.name == "claim" for ask in _process(state, "1").asks.values()):
        state = moved(state, next(move for move in free_moves(state) if move[0] != "hear" and move[1] == "1"))
    for move in [("cancel", "1"), ("kill", "1"), ("start", "1")]:
        state = moved(state, move)
    while not state.outside.objects[next(iter(state.wishes))].status.finished:
        state = _on(state)
    return state


def _on(state: State) -> State:
    return moved(state, next(move for move in free_moves(state) if move[0] != "ends"))


def _process(state: State, number: str) -> Process:
    process = state.processes[int(number) - 1]
    assert process
    return process


def _unconfirmed(state: State) -> bool:
    assert state.outside.budget
    return any(one.type == "Unconfirmed" for one in state.outside.budget.status.conditions)


def _asks(state: State) -> list[str]:
    (process,) = state.processes
    return list(process.asks) if process else []


@pytest.mark.parametrize("later", [0, 5, 30], ids=["at once", "after a while", "when nothing can be hidden any more"])
def test_a_job_that_was_settled_is_not_paid_again_by_the_next_object_with_its_key(later: int) -> None:
    """It was sent a moment before that object reserved anything."""
    state = to_the_end(begin(SCENARIOS["heir"]))
    assert (reserved(state), len(state.outside.runs)) == (0, 1)
    state = to_the_end(moved(state, ("user-delete", "1"))).copy()
    state.outside.now += later
    state = to_the_end(moved(state, ("user-create", "2")))
    (second,) = state.outside.objects.values()
    assert second.status.finished
    assert len(state.outside.runs) == 1


@pytest.mark.parametrize("ends_first", [True, False], ids=["before the turn", "after it"])
def test_a_day_ends_while_a_job_runs(*, ends_first: bool) -> None:
    """Its bill belongs to the day on which it was reserved; the other job begins on the next one at the latest."""
    state = begin(SCENARIOS["turn"])
    while state.outside.now < TURN - 1.0 or not ends_first:
        rest = [move for move in free_moves(state) if move[0] != "ends"]
        if state.outside.now > TURN + 2.0 and rest[0] == ("time",):
            break
        state = moved(state, rest[0])
        assert list(wrongs(state, idle=False)) == []
    assert state.outside.budget
    assert len(state.outside.runs) == (1 if ends_first else 2)
    state = to_the_end(state)
    assert len(state.outside.runs) == 2
    assert sorted(account_of(state.outside.budget or new_budget(DAY)).periods.values()) == [40, 40]
