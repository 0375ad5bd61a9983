"""The explorer itself: it finds a fault that was put in, and its schedules can be played again."""

from dataclasses import replace
from typing import Any

import pytest

from explore.__main__ import SCENARIOS, as_text, depths_of, from_text, replayed
from explore.effects import moved
from explore.judge import wrongs
from explore.moves import free_moves
from explore.search import Exploration
from explore.state import State, begin
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.lifecycle.fence import FenceState


def test_a_404_that_is_believed_too_early_is_found_and_its_schedule_fails_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the fence, one lost answer of a PUT suffices to pay twice; with it, the same schedule doesn't."""
    with monkeypatch.context() as planted:
        planted.setattr(FenceState, "fence_left", lambda *_: 0.0)
        found = [
            one for one in Exploration(SCENARIOS["one"], 1).run().violations if one.what.startswith("billed twice")
        ]
        assert found
        schedule = as_text("one", found[0].moves)
        assert any(wrong.startswith("billed twice") for wrong in replayed(schedule))
    assert "put" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["one", "two", "bill"])
def test_with_one_disturbance_nothing_is_paid_twice_lost_or_stuck(name: str) -> None:
    """Every single disturbance, at every step."""
    explored = Exploration(SCENARIOS[name], 1).run()
    assert explored.states > 500
    assert [(one.what, as_text(name, one.moves)) for one in explored.violations] == []


@pytest.mark.parametrize(
    ("depth", "only", "depths"),
    [
        pytest.param(
            None,
            None,
            {"one": 3, "two": 2, "orphan": 1, "again": 1, "bill": 1, "money": 1, "rivals": 0, "turn": 1, "heir": 0},
            id="the whole",
        ),
        pytest.param(
            2,
            None,
            {"one": 2, "two": 1, "orphan": 0, "again": 0, "bill": 0, "money": 0, "rivals": 0, "turn": 0, "heir": 0},
            id="a quick bound",
        ),
        pytest.param(1, "again", {"again": 1}, id="one scenario to its own depth"),
        pytest.param(None, "two", {"two": 2}, id="one scenario of the whole"),
    ],
)
def test_how_deep_each_scenario_is_tried(depth: int | None, only: str | None, depths: dict[str, int]) -> None:
    """One number goes for all of them."""
    assert depths_of(depth, only) == depths


@pytest.mark.parametrize("planted", [False, True])
def test_states_that_are_not_told_apart_lead_to_the_same(monkeypatch: pytest.MonkeyPatch, *, planted: bool) -> None:
    """Told apart finely there are more states, which are the same ones to the coarser eye, and fail alike."""
    if planted:
        monkeypatch.setattr(FenceState, "fence_left", lambda *_: 0.0)
    (seen, found), (finely_seen, finely_found) = (_seen_by(monkeypatch, finely=finely) for finely in (False, True))
    assert finely_seen == seen
    assert finely_found == found
    assert bool(found) is planted


def _seen_by(monkeypatch: pytest.MonkeyPatch, *, finely: bool) -> tuple[set[int], set[str]]:
    """The usual numbers of all states that were come to, and what was wrong."""
    seen: set[int] = set()

    def number(state: State) -> int:
        seen.add(state.told())
        return state.told(finely=finely)

    monkeypatch.setattr(State, "number", property(number))
    explored = Exploration(SCENARIOS["one"], 1).run()
    assert explored.complete
    return seen, {one.what for one in explored.violations}


def test_what_only_the_search_finds_is_excused_by_a_kill_alone() -> None:
    """A DELETE that overlaps the claim takes the object: who knows of it has its job in hand, until it is killed."""
    name, moves = from_text("one: overlap 1, begin 1 1, answer 1 1, answer 1 1, answer 1 1, deleted 1")
    state = begin(SCENARIOS[name])
    for move in moves:
        state = moved(state, move)
    (uid,) = state.wishes
    assert state.wishes[uid].overlapped
    assert not state.wishes[uid].forgotten
    assert moved(state, ("kill", "1")).wishes[uid].forgotten


def test_the_deletion_that_a_process_has_heard_and_not_seen_to_dies_with_it() -> None:
    """Killed late, its successor hears of the deletion and is killed as well: only the search finds the job."""
    script = "begin 1 1, overlap 1, answer 1 1, answer 1 1, kill-late 1, start 1, deleted 1, kill 1, start 1, arrive 1"
    assert replayed(f"one: {script}") == []


@pytest.mark.parametrize(
    ("comes", "cancelled"),
    [
        pytest.param("relist 1", True, id="lost: no version of the object that says so is left to read"),
        pytest.param("catch-up 1", False, id="late"),
    ],
)
def test_an_orphan_that_a_delete_takes_with_its_finalizer(*, comes: str, cancelled: bool) -> None:
    """What nobody can know is excused; what was told is not."""
    begun = "begin 1 1, overlap 1, answer 1 1, answer 1 1, answer 1 1, answer 1 1, lag 1, orphan 1, deleted 1"
    state = begin(SCENARIOS["one"])
    for move in from_text(f"one: {begun}, time, {comes}")[1]:
        state = moved(state, move)
    (wishes,) = state.wishes.values()
    assert wishes.untold is cancelled
    while not state.outside.cancelled and (following := [one for one in free_moves(state) if one[0] != "ends"]):
        state = moved(state, following[0])
    assert bool(state.outside.cancelled) is cancelled
    assert list(wrongs(state, idle=False)) == []


def test_a_watch_that_tells_of_an_orphan_after_more_than_a_minute_is_as_good_as_none() -> None:
    """The assumption about watches: within a minute, or never."""
    script = (
        "begin 1 1, overlap 1, answer 1 1, answer 1 1, answer 1 1, lag 1, orphan 1, answer 1 1, deleted 1, answer 1 1, "
        "time, begin 1 1, time, begin 1 1, answer 1 1, answer 1 1, answer 1 1"
    )
    assert replayed(f"one: {script}") == []


def test_an_object_that_went_before_its_finalizer_came_off_is_not_asked_to_let_go_again() -> None:
    """Deleted and stripped of its finalizer while the end of its job was being written."""
    name, moves = from_text(
        "one: begin 1 1, answer 1 1, answer 1 1, answer 1 1, answer 1 1, time, ends 1, poll 1 1, begin 1 1, "
        "answer 1 1, answer 1 1, delete 1, force 1, answer 1 1"
    )
    state = begin(SCENARIOS[name])
    for move in moves:
        state = moved(state, move)
    asked = []
    while state.processes[0] and state.processes[0].asks:
        asked += [ask.name for ask in state.processes[0].asks.values()]
        state = moved(state, ("answer", "1", "1"))
    assert asked.count("release") <= 1


def test_an_orphan_whose_object_is_missed_before_the_watch_told_so_is_not_cancelled() -> None:
    """Orphaned, deleted and stripped of its finalizer while its acceptance was being written, and told late."""
    state = begin(replace(SCENARIOS["one"], hides_for=0.0))
    script = "begin 1 1, answer 1 1, answer 1 1, answer 1 1, lag 1, orphan 1, delete 1, force 1, answer 1 1, answer 1 1"
    for move in from_text(f"one: {script}, time, begin 1 1")[1]:
        state = moved(state, move)
    process = state.processes[0]
    assert process is not None
    assert not process.asks, "a live read found nothing: what the watch has not told may matter"
    for move in from_text("one: catch-up 1, hear 1, hear 1, hear 1")[1]:
        state = moved(state, move)
    asked = []
    while (process := state.processes[0]) and (process.asks or process.core.due):
        asked += [ask.name for ask in process.asks.values()]
        busy, soon = bool(process.asks), min(process.core.due.values(), default=0.0) <= state.outside.now
        state = moved(state, ("answer", "1", "1") if busy else ("begin", "1", "1") if soon else ("time",))
    assert "tag" in asked
    assert "cancel" not in asked


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        pytest.param(True, [], id="the end was called unconfirmed before"),
        pytest.param(False, ["a removal by force was reported that nobody had made"], id="nothing was said before"),
    ],
)
def test_a_job_found_running_after_its_release(*, told: bool, wrong: list[str]) -> None:
    """One operator gives up at the end of the grace period; the other, paused for as long, finds the job running."""
    state = begin(SCENARIOS["two"])
    ask, late = (
        "begin 1 1, answer 1 1, answer 1 1, answer 1 1",
        "begin 2 1, time, begin 2 1, answer 2 1, answer 2 1, answer 2 1, answer 2 1",
    )
    more = f"{ask}, answer 1 1"
    released = f"{more}, pause 2, time, time, delete 1, {more}, answer 1 1, answer 1 1, time, time, {more}, time"
    for move in from_text(f"two: {released}, {more}, answer 1 1, begin 1 1")[1]:
        state = moved(state, move)
    for uid in state.wishes:
        assert state.wishes[uid].told
        state.wish(uid, told=told)
    first = "wake 2, begin 2 1, poll 2 1, begin 2 1, answer 2 1, answer 2 1"
    for move in from_text(f"two: {first}, time, {late}")[1]:
        state = moved(state, move)
    assert list(state.violations) == wrong


def test_an_object_that_takes_the_job_of_its_predecessor_over_keeps_it() -> None:
    """The predecessor is gone and its job runs; right before it is cancelled, another object with the key is made."""
    state = begin(replace(SCENARIOS["one"], keyed=True, hides_for=0.0))
    sent = ", ".join(["begin 1 1, overlap 1", *["answer 1 1"] * 6])
    for move in from_text(f"one: {sent}, deleted 1, begin 1 1, answer 1 1, create 2, answer 1 1")[1]:
        state = moved(state, move)
    for _ in range(12):
        process = state.processes[0]
        assert process is not None
        asked = [(uid, ask.name) for uid, ask in process.asks.items()]
        assert (next(iter(state.wishes)), "cancel") not in asked
        following = [one for one in free_moves(state) if one[0] in {"answer", "begin", "time"}]
        if not following:
            break
        state = moved(state, following[0])
    assert not state.outside.cancelled
    assert next(iter(state.outside.objects.values())).status.job_id in state.outside.runs


def _accepted_and_edited(**edited: Any) -> State:
    """A job that the service has, and then a user who edits its claim, which the watch tells."""
    state = begin(SCENARIOS["one"])
    while not any(one.status.is_true("Submitted") for one in state.outside.objects.values()):
        state = moved(state, free_moves(state)[0])
    state = _undisturbed(state).copy()
    (job,) = state.outside.objects.values()
    assert job.claim
    state.outside.put(replace(job, claim=replace(job.claim, **edited)))
    state.tell_watchers()
    return state


@pytest.mark.parametrize("edited", [{"uid": "another"}, {"attempt": 2}, {"attempt": 7}], ids=str)
@pytest.mark.parametrize("forgets", [False, True], ids=["known", "after a restart"])
def test_a_running_job_whose_claim_was_edited_is_followed_and_cancelled(
    edited: dict[str, Any], *, forgets: bool
) -> None:
    """Neither taken for a copy nor sent again beside itself; the claim is put right."""
    state = _accepted_and_edited(**edited)
    if forgets:
        state = moved(state, ("kill", "1"))
    state = _undisturbed(state)
    (job,) = state.outside.objects.values()
    assert job.finalizers
    assert job.claim
    assert (job.claim.uid, job.claim.attempt) == (job.uid, 1)
    assert len(state.outside.runs) == 1
    state = _undisturbed(moved(state, ("delete", "1")), until="cancelled")
    assert state.outside.cancelled
    assert list(wrongs(state, idle=False)) == []


def test_a_claim_that_was_seen_and_is_gone_is_fenced() -> None:
    """`kubectl replace` drops claim and finalizer while another operator's PUT is under way, which arrives late."""
    state = begin(SCENARIOS["two"])
    while not (state.processes[0] and any(ask.name == "put" for ask in state.processes[0].asks.values())):
        state = moved(state, next(one for one in free_moves(state) if one[1:2] == ("1",)))
    (job,) = state.outside.objects.values()
    assert job.claim
    while ("hear", "2") in free_moves(state):
        state = moved(state, ("hear", "2"))
    state = moved(state, ("kill-late", "1")).copy()
    state.outside.put(replace(job, claim=None, finalizers=()))
    state.tell_watchers()
    while following := [one for one in free_moves(state) if one[0] in {"answer", "begin", "hear"}]:
        state = moved(state, following[0])
    state = moved(state, ("arrive", "1"))
    assert [len(runs) for runs in state.outside.runs.values()] == [1]
    assert not state.violations


def _undisturbed(state: State, *, until: str = "") -> State:
    """What goes on by itself for a while, short of the end of the job."""
    for _ in range(40):
        following = [one for one in free_moves(state) if one[0] != "ends"]
        if not following or (until and getattr(state.outside, until)):
            break
        state = moved(state, following[0])
    return state


def test_a_mistake_that_a_look_swallows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reconciliation catches everything: an exploration in which each breaks off would else find nothing wrong."""

    def broken(_: Cache, __: object) -> bool:
        raise AttributeError("a mistake")

    monkeypatch.setattr(Cache, "update", broken)
    found = [one.what for one in Exploration(SCENARIOS["one"], 0).run().violations]
    assert "a reconciliation broke off with AttributeError" in found
