"""The judge of the campaign finds each violation, and nothing where there is none."""

from dataclasses import replace

import pytest

from faults.judge import Alarm, Evidence, Release, Run, Seen, Told, Verdict, Wish, judge
from faults.purse import Purse

WISH = Wish("u1", "default/one")
DONE = Seen("u1", state="Succeeded", job="j1", finished=True, output=True)
BILLED = Run("j1", "u1", "Succeeded")
DELETED = replace(WISH, made=5.0, deleted=30.0)
GONE = Alarm("u1", "ObjectGone", at=40.0)
HELD = Told("u1", "Suspended", "spec.suspend is true")
PURSE = Purse("teaching/research", spent=3, succeeded=2, ran=4, waiting=1)
SOUND = Evidence([WISH], [BILLED], [DONE])


def violated(verdict: Verdict) -> set[str]:
    """The names of the counts that are not zero."""
    return {name for name in Verdict.__dataclass_fields__ if getattr(verdict, name)}


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(SOUND, id="one paid run that ended as its object says"),
        pytest.param(Evidence([WISH], [BILLED]), id="the object is gone and its job has ended"),
        pytest.param(
            Evidence([replace(WISH, made=5.0, deleted=5.4)], [BILLED], alarms=[GONE]),
            id="deleted all too soon, which was told",
        ),
        pytest.param(
            Evidence([DELETED], [BILLED], alarms=[GONE], interruptions=[(20.0, 20.0)]),
            id="an operator was killed in its life, and the next one told",
        ),
        pytest.param(
            Evidence([DELETED], [BILLED], alarms=[GONE], interruptions=[(1.0, 6.0)]),
            id="an operator that was stopped before it was made went on in its life",
        ),
        pytest.param(
            Evidence([DELETED], [BILLED], alarms=[GONE], interruptions=[(39.0, 50.0)]),
            id="an operator was stopped after its deletion and before it was told",
        ),
        pytest.param(Evidence([], purses=[PURSE]), id="all that succeeded is counted, and one that was cancelled"),
        pytest.param(Evidence([WISH]), id="the object went before anything was sent"),
        pytest.param(
            Evidence([WISH], [], [Seen("u1", state="Suspended", suspended=True)]), id="pending, nothing was sent"
        ),
        pytest.param(
            Evidence([WISH], [Run("j1", "u1", "Cancelled")], [Seen("u1", state="Suspended", suspended=True)]),
            id="suspended after its first attempt was cancelled",
        ),
        pytest.param(
            Evidence([WISH], [], [Seen("u1", state="Cancelled", finished=True, cancelled=True)]),
            id="called off before anything was sent",
        ),
        pytest.param(
            Evidence(
                [replace(WISH, attempts=2)],
                [Run("j1", "u1", "Cancelled"), Run("j2", "u1", "Succeeded")],
                [replace(DONE, job="j2")],
            ),
            id="a second attempt that was asked for",
        ),
        pytest.param(
            Evidence([replace(WISH, orphan=True)], [Run("j1", "u1", "Executing")]), id="left without an object as asked"
        ),
        pytest.param(
            Evidence([WISH, Wish("u2", "default/two")], [BILLED], [DONE, replace(DONE, uid="u2")]),
            id="two objects with one key share one paid job",
        ),
        pytest.param(
            replace(SOUND, releases=[Release("default/one", impossible=True)]),
            id="released with a warning when nothing else was possible",
        ),
        pytest.param(
            Evidence([replace(WISH, orphan=True, endable=True)], [Run("j1", "u1", "Cancelled")]),
            id="cancelled as asked before it was to be left without an object",
        ),
        pytest.param(Evidence([WISH], [Run("j1", "u1", "Cancelled")]), id="cancelled because it was deleted"),
        pytest.param(
            replace(SOUND, told=[HELD, HELD], begun={("default/one", HELD.reason, HELD.message): 2}),
            id="came twice, and what was in between was not told",
        ),
        pytest.param(
            replace(SOUND, told=[HELD, Told("u1", "Resumed", "goes on"), HELD, replace(HELD, uid="u2")]),
            id="the same Event after another, and on another object",
        ),
    ],
)
def test_nothing_is_wrong(evidence: Evidence) -> None:
    """Whatever was asked for is no violation."""
    assert judge(evidence) == Verdict()
    assert judge(evidence).clean


@pytest.mark.parametrize(
    ("evidence", "count"),
    [
        pytest.param(replace(SOUND, runs=[BILLED, BILLED]), "billed_twice", id="the same job was run again"),
        pytest.param(
            replace(SOUND, runs=[Run("j1", "u1", "Superseded"), BILLED]), "billed_twice", id="a second run took over"
        ),
        pytest.param(
            replace(SOUND, runs=[BILLED, Run("j2", "u1", "Succeeded")]),
            "billed_twice",
            id="an attempt nobody asked for",
        ),
        pytest.param(
            replace(SOUND, runs=[BILLED, Run("j9", "u9", "Succeeded")]),
            "billed_twice",
            id="a job for an unknown object",
        ),
        pytest.param(
            Evidence([WISH, Wish("u2", "default/two")], [BILLED, replace(BILLED, uid="u2")], [DONE]),
            "billed_twice",
            id="two objects with one key had it run once each",
        ),
        pytest.param(
            Evidence([WISH], [BILLED, BILLED]), "billed_twice", id="billed twice, and the object is gone since"
        ),
        pytest.param(
            Evidence([WISH], [], [replace(DONE, job=None, state="Failed")]), "lost", id="given up without a remote job"
        ),
        pytest.param(
            replace(SOUND, objects=[replace(DONE, state="Failed")]),
            "lost",
            id="the object says Failed, the job is well",
        ),
        pytest.param(
            replace(SOUND, runs=[Run("j1", "u1", "Failed")]), "lost", id="the object says Succeeded, the job failed"
        ),
        pytest.param(replace(SOUND, runs=[replace(BILLED, job="j0")]), "lost", id="status names a job that nobody has"),
        pytest.param(replace(SOUND, objects=[replace(DONE, output=False)]), "lost", id="Succeeded without its output"),
        pytest.param(Evidence([], purses=[replace(PURSE, spent=1)]), "budget_mismatch", id="one is not counted"),
        pytest.param(Evidence([], purses=[replace(PURSE, spent=4)]), "budget_mismatch", id="one is counted twice"),
        pytest.param(Evidence([], purses=[replace(PURSE, left=("j1",))]), "budget_entries_left", id="one is left"),
        pytest.param(Evidence([], purses=[replace(PURSE, overspent=("j1",))]), "budget_overspent", id="above a limit"),
        pytest.param(
            Evidence([WISH], [Run("j1", "u1", "Executing")]), "orphaned_running", id="the object is gone, its job runs"
        ),
        pytest.param(
            Evidence([WISH], [Run("j1", "u1", "Waiting")]), "orphaned_running", id="the object is gone, its job waits"
        ),
        pytest.param(
            Evidence([WISH], [Run("j1", "u1", "Executing")], [Seen("u1", state="Executing", job="j1")]),
            "stuck",
            id="executes for ever",
        ),
        pytest.param(
            Evidence([WISH], [Run("j1", "u1", "Executing")], [Seen("u1", state="Suspended", suspended=True)]),
            "stuck",
            id="says Suspended while its job runs",
        ),
        pytest.param(replace(SOUND, objects=[replace(DONE, leaving=True)]), "stuck", id="ended and never let go"),
        pytest.param(
            replace(SOUND, releases=[Release("default/one")]),
            "released_with_warning",
            id="released unconfirmed although cancelling was possible",
        ),
        pytest.param(
            replace(SOUND, runs=[Run("j1", "u1", "Executing")]), "lost", id="the object says it ended, its job runs on"
        ),
        pytest.param(
            Evidence([replace(WISH, orphan=True)], [Run("j1", "u1", "Cancelled")]),
            "orphans_cancelled",
            id="cancelled although it was to be left without an object",
        ),
        pytest.param(replace(SOUND, told=[HELD, HELD]), "repeated_events", id="told twice in a row"),
        pytest.param(
            replace(SOUND, told=[HELD, replace(HELD, uid="u2"), HELD]),
            "repeated_events",
            id="told twice, and of another object in between",
        ),
        pytest.param(replace(SOUND, told=[replace(HELD, count=2)]), "repeated_events", id="counted twice"),
        pytest.param(
            replace(SOUND, told=[HELD, HELD, HELD], begun={("default/one", HELD.reason, HELD.message): 2}),
            "repeated_events",
            id="told three times, and came twice",
        ),
        pytest.param(
            replace(SOUND, wishes=[DELETED], alarms=[GONE], interruptions=[(20.0, 20.0)]),
            "false_alarms",
            id="the object is said to be gone",
        ),
        pytest.param(
            Evidence([DELETED], [BILLED], alarms=[GONE]), "false_alarms", id="deleted at leisure, all was well"
        ),
        pytest.param(
            Evidence([DELETED], [BILLED], alarms=[GONE], interruptions=[(0.0, 4.9), (40.1, 60.0)]),
            "false_alarms",
            id="operators were killed and stopped only before its life and after the report",
        ),
        pytest.param(
            Evidence([replace(DELETED, deleted=None)], [BILLED], alarms=[GONE], interruptions=[(20.0, 20.0)]),
            "false_alarms",
            id="nobody deleted it",
        ),
        pytest.param(
            Evidence([], [], alarms=[GONE], interruptions=[(20.0, 20.0)]), "false_alarms", id="of an unknown object"
        ),
        pytest.param(
            Evidence([replace(DELETED, orphan=True)], [BILLED], alarms=[GONE], interruptions=[(20.0, 20.0)]),
            "false_alarms",
            id="an orphan is taken for one that was left without an object",
        ),
    ],
)
def test_violation_is_found(evidence: Evidence, count: str) -> None:
    """Each violation shows in its own count, and in no other."""
    assert violated(judge(evidence)) == {count}


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(Seen("u1"), id="never reconciled"),
        pytest.param(Seen("u1", state="Pending"), id="pending for ever"),
    ],
)
def test_live_object_without_a_job_is_lost_and_stuck(seen: Seen) -> None:
    """Nothing was sent for it, and nothing moves."""
    assert violated(judge(Evidence([WISH], [], [seen]))) == {"lost", "stuck"}


@pytest.mark.parametrize("state", ["Waiting", "Executing", "Cancelling"])
def test_end_that_nobody_noticed_is_lost_and_stuck(state: str) -> None:
    """The remote job is final, and status never says so."""
    verdict = judge(replace(SOUND, objects=[Seen("u1", state=state, job="j1")]))
    assert violated(verdict) == {"lost", "stuck"}


def test_sentence_names_the_object() -> None:
    """A violation can be looked up by its object."""
    assert judge(replace(SOUND, runs=[BILLED, BILLED])).billed_twice == ("default/one: job j1 was paid 2 times",)
