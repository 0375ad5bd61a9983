"""Known worst cases: the interleavings that only an adversary with a stop-watch would find.

Each was a way to pay twice, to lose a job or to stop moving. They run in the world of the state machine (`core.world`).
"""

import pytest

from quantumjob_operator.model.jobstatus import State
from rooms.lifecycle.observations import WORKSPACE
from rooms.lifecycle.world import actions as actions_module
from rooms.lifecycle.world import process as process_module
from rooms.lifecycle.world.actions import FENCE, PUT_START
from rooms.lifecycle.world.calls import TIMEOUT, Fate
from rooms.lifecycle.world.process import Process
from rooms.lifecycle.world.service import VISIBILITY
from rooms.lifecycle.world.world import World

PATH = ("read the program", "check the output", "claim", "GET", "upload", "PUT", "status", "poll", "write the output")
LEAVING = ("status", "GET", "cancel", "release")
FATES = [
    pytest.param((False, False), id="before it has an effect"),
    pytest.param((False, True), id="and it arrives at the last moment"),
    pytest.param((True, False), id="after its effect and before its answer"),
]


def world(*, operators: int = 1, jobs: int = 1, keyed: bool = False) -> World:
    """A world in which nothing has happened yet; the first job has the highest uid."""
    made = World()
    for _ in range(operators):
        made.start()
    for number in range(jobs, 0, -1):
        made.create(number, keyed=keyed, backoff_limit=0)
    return made


def reach(made: World, process: Process, boundary: str) -> tuple[str, str, str]:
    """Let a process hear everything and work until it waits for this answer; the key of that call."""
    while process.inbox:
        process.hear(*process.inbox.pop(0))
    assert made.work_until(process, boundary, 40), f"{process.holder} never waited for {boundary}"
    return next(key for key in made.calls_of(process) if made.pending[key].call.what.startswith(boundary))


def judge(made: World, billed: int = 1) -> None:
    """All is well in the end, and so many runs were paid."""
    made.calm_down()
    made.judge()
    assert len(made.service.all_runs()) == billed


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("hides_for", [pytest.param(0.0, id="shown"), pytest.param(VISIBILITY, id="hidden at first")])
@pytest.mark.parametrize("boundary", [pytest.param(one, id=f"killed while it waits for: {one}") for one in PATH])
def test_a_kill_on_the_way_costs_nothing(boundary: str, fate: tuple[bool, bool], hides_for: float) -> None:
    """One run is paid and its output delivered, wherever the first process ended."""
    made = world()
    made.service.hides_for = hides_for
    if boundary in {"poll", "write the output"}:
        made.live(60.0)
        made.service.move(made.service.all_runs()[0], "Succeeded")
        made.advance(40.0, late=False)
    key = reach(made, made.processes[0], boundary)
    _kill(made, key, fate)
    made.start()
    judge(made)
    assert [one.status.state for one in made.api.objects.values()] == [State.SUCCEEDED]


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("stage", ["Waiting", "Executing"])
@pytest.mark.parametrize("boundary", [pytest.param(one, id=f"killed while it waits for: {one}") for one in LEAVING])
def test_a_kill_on_the_way_out_leaves_nothing_running(boundary: str, stage: str, fate: tuple[bool, bool]) -> None:
    """The object goes when its job has ended, wherever the first process ended."""
    made = world()
    made.live(60.0)
    made.service.move(made.service.all_runs()[0], stage)
    made.delete(next(iter(made.api.objects)))
    if boundary == "release":
        reach(made, made.processes[0], "cancel")
        made.work(made.processes[0], 5)
        made.service.move(made.service.all_runs()[0], "Cancelled")
        made.advance(40.0, late=True)
    _kill(made, reach(made, made.processes[0], boundary), fate)
    made.start()
    judge(made)
    assert not made.api.objects
    assert not made.api.told


@pytest.mark.parametrize("fate", FATES)
def test_a_job_deleted_while_its_submission_is_in_the_air_is_cancelled(fate: tuple[bool, bool]) -> None:
    """Status is empty, and the service may hide the job; the object stays until that is over."""
    made = world()
    made.service.hides_for = VISIBILITY
    key = reach(made, made.processes[0], "PUT")
    made.delete(next(iter(made.api.objects)))
    _kill(made, key, fate)
    made.start()
    judge(made, billed=1 if any(fate) else 0)
    assert not made.api.objects


def _kill(made: World, key: tuple[str, str, str], fate: tuple[bool, bool]) -> None:
    applied, arrive = fate
    if applied:
        made.pending[key].call.apply()
    made.crash(made.processes[0], arrive=arrive)


def test_a_submission_whose_answer_was_lost_is_not_sent_again() -> None:
    """The process lives on, and the service hides what it has accepted for as long as it may."""
    made = world()
    made.service.hides_for = VISIBILITY
    made.end_call(reach(made, made.processes[0], "PUT"), Fate.LOST_AFTER)
    made.live(2 * FENCE)
    judge(made)
    assert [one.status.state for one in made.api.objects.values()] == [State.SUCCEEDED]


def test_a_doubt_that_ends_while_the_service_answers_has_not_ended_for_the_question() -> None:
    """The other process's PUT starts, arrives and is shown as late as it may."""
    made = world(operators=2)
    made.service.hides_for = VISIBILITY
    first, second = made.processes
    upload = reach(made, first, "upload")
    reach(made, second, "claim")
    made.work(second, 4)
    made.advance(PUT_START - 0.1, late=True)
    made.end_call(upload, Fate.ANSWERED)
    made.advance(FENCE - PUT_START - 1.0, late=True)
    question = reach(made, second, "GET")
    made.pending[question].call.apply()
    made.advance(10.0, late=True)
    made.end_call(question, Fate.ANSWERED)
    made.work(second, 20)
    judge(made)


def test_a_claim_is_as_old_as_its_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer took half a minute, in which another process took the claim over and waited its fence.

    The workspace stands in the job's own namespace, so that no status is written before the PUT, which would meet the
    other's version.
    """
    for module in (process_module, actions_module):
        monkeypatch.setattr(module, "WORKSPACE", WORKSPACE)
    made = world(operators=2)
    made.service.hides_for = VISIBILITY
    first, second = made.processes
    claim = reach(made, first, "claim")
    made.pending[claim].call.apply()
    reach(made, second, "claim")
    made.work(second, 4)
    made.advance(TIMEOUT - 1.0, late=True)
    made.end_call(claim, Fate.ANSWERED)
    made.work(first, 3)
    made.advance(FENCE - TIMEOUT + 2.0, late=True)
    reach(made, second, "PUT")
    made.work(second, 4)
    judge(made)


def test_what_was_never_sent_by_us_may_have_been_sent_by_whoever_took_the_claim() -> None:
    """The object is deleted; the process that knows that it sent nothing is not the one that holds the claim."""
    made = world(operators=2)
    made.service.hides_for = VISIBILITY
    first, second = made.processes
    question = reach(made, first, "GET")
    reach(made, second, "claim")
    made.work(second, 4)
    made.advance(FENCE - 40.0, late=True)
    made.advance(41.0, late=True)
    sent = reach(made, second, "PUT")
    made.pending[sent].call.apply()
    made.crash(second, arrive=False)
    assert question not in made.pending
    made.delete(next(iter(made.api.objects)))
    judge(made)
    assert not made.api.objects


def test_an_absence_from_before_the_submission_is_no_absence() -> None:
    """One process saw no job for minutes; then the other one submits it, and the service hides it for a while."""
    made = world(operators=2)
    first, second = made.processes
    reach(made, first, "upload")
    reach(made, second, "claim")
    made.live(3 * FENCE)
    made.service.hides_for = VISIBILITY
    judge(made)
    assert [one.status.state for one in made.api.objects.values()] == [State.SUCCEEDED]


def test_two_objects_with_one_key_that_claim_in_the_same_moment_pay_once() -> None:
    """The younger one looked before the older one's claim was there, and is about to submit."""
    made = World()
    made.service.hides_for = VISIBILITY
    made.start()
    made.start()
    first, second = made.processes
    made.create(2, keyed=True, backoff_limit=0)
    claim_of_younger = reach(made, first, "claim")
    second.inbox.clear()  # each process has heard of one of the two
    made.create(1, keyed=True, backoff_limit=0)
    first.inbox.clear()
    claim_of_older = reach(made, second, "claim")
    made.end_call(claim_of_younger, Fate.ANSWERED)
    second.inbox.clear()
    sent = reach(made, first, "PUT")
    made.end_call(claim_of_older, Fate.ANSWERED)
    made.end_call(sent, Fate.ANSWERED)
    made.work(second, 10)
    judge(made)
    assert {one.status.state for one in made.api.objects.values()} == {State.SUCCEEDED}


def test_two_operators_do_not_take_a_claim_from_each_other_for_ever() -> None:
    """Both are alive, and the service refuses for a while: few claims are written, and the job runs in the end."""
    made = world(operators=2)
    first, second = made.processes
    made.end_call(reach(made, first, "PUT"), Fate.REFUSED)
    made.work(first, 3)
    reach(made, second, "claim")
    made.live(FENCE)
    assert len(made.api.past[next(iter(made.api.objects))]) < 12
    judge(made)


def test_two_operators_that_claim_in_the_same_moment_pay_once() -> None:
    """Both saw an object that nobody had claimed; one of the two writes was too late."""
    made = world(operators=2)
    made.service.hides_for = VISIBILITY
    claims = [reach(made, process, "claim") for process in made.processes]
    for key in claims:
        made.end_call(key, Fate.ANSWERED)
    for process in made.processes:
        made.work(process, 10)
    judge(made)
