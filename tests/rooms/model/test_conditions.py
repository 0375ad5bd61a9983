"""Conditions by the Kubernetes API conventions, and the table of design for kstatus."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.model.conditions import Kind, for_kstatus, said_once, stamp, with_condition, without_conditions
from quantumjob_operator.model.jobstatus import Condition, State

THEN = "2026-11-22T12:00:00Z"
NOW = datetime(2026, 11, 22, 13, 30, 0, 987_654, tzinfo=UTC)
LATER = "2026-11-22T13:30:00Z"


def condition(
    kind: str, status: str = "True", reason: str = "Because", message: str = "", since: str = THEN
) -> Condition:
    """A condition of generation 1."""
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=since,
        observed_generation=1,
    )


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param(NOW, LATER, id="fractions of a second are cut off"),
        pytest.param(NOW.astimezone(timezone(timedelta(hours=9))), LATER, id="another zone becomes UTC"),
    ],
)
def test_times_are_written_as_the_api_server_writes_them(moment: datetime, expected: str) -> None:
    """metav1.Time keeps whole seconds in UTC."""
    assert stamp(moment) == expected


@pytest.mark.parametrize(
    ("before", "new", "since"),
    [
        pytest.param((), condition("Ready", since=""), LATER, id="a new condition begins now"),
        pytest.param((condition("Ready"),), condition("Ready", "False"), LATER, id="another status begins now"),
        pytest.param((condition("Ready"),), condition("Ready"), THEN, id="the same again keeps its time"),
        pytest.param((condition("Ready"),), condition("Ready", reason="Other"), THEN, id="a new reason keeps the time"),
        pytest.param((condition("Ready"),), condition("Ready", message="x"), THEN, id="a new message keeps the time"),
        pytest.param(
            (condition("Ready"),), condition("Ready", since="1999-01-01T00:00:00Z"), THEN, id="its own is unread"
        ),
        pytest.param((condition("Failed"),), condition("Ready"), LATER, id="the time of another type is no matter"),
    ],
)
def test_the_transition_time_moves_only_with_the_status(
    before: tuple[Condition, ...], new: Condition, since: str
) -> None:
    """`lastTransitionTime` says since when the status holds, whatever else the condition says."""
    after = with_condition(before, new, NOW)
    (set_one,) = [one for one in after if one.type == new.type]
    assert set_one.last_transition_time == since
    assert (set_one.status, set_one.reason, set_one.message) == (new.status, new.reason, new.message)


def test_the_generation_is_taken_from_the_new_condition() -> None:
    """`kubectl wait` refuses conditions of an older generation, so a repeated one must carry the new number."""
    new = Condition(type="Ready", status="True", reason="Because", observed_generation=9)
    (after,) = with_condition((condition("Ready"),), new, NOW)
    assert (after.observed_generation, after.last_transition_time) == (9, THEN)


def test_conditions_keep_their_places() -> None:
    """A list that is reordered at each write would be a change of status without news."""
    before = (condition("Submitted"), condition("Ready"), condition("Suspended"))
    assert [one.type for one in with_condition(before, condition("Ready", "False"), NOW)] == [
        "Submitted",
        "Ready",
        "Suspended",
    ]
    assert [one.type for one in with_condition(before, condition("Failed"), NOW)][-1] == "Failed"


@pytest.mark.parametrize(
    ("length", "kept"),
    [
        pytest.param(1023, 1023, id="shorter than the limit"),
        pytest.param(1024, 1024, id="at the limit"),
        pytest.param(1025, 1024, id="one too many"),
        pytest.param(100_000, 1024, id="a whole page"),
    ],
)
def test_a_message_is_cut_at_its_limit(length: int, kept: int) -> None:
    """Messages carry text from outside and stand in each condition; they must not fill the object."""
    (after,) = with_condition((), condition("Ready", message="x" * length), NOW)
    assert after.message == "x" * kept


@given(
    st.lists(st.sampled_from(list(Kind)), unique=True),
    st.sampled_from(list(Kind)),
    st.sampled_from(["True", "False", "Unknown"]),
)
def test_setting_touches_one_condition_and_setting_again_nothing(kinds: list[Kind], kind: Kind, status: str) -> None:
    """The others stay as they are, no type stands twice, and the second time is no change."""
    before = tuple(condition(one) for one in kinds)
    once = with_condition(before, condition(kind, status), NOW)
    assert [one for one in once if one.type != kind] == [one for one in before if one.type != kind]
    assert sum(one.type == kind for one in once) == 1
    assert with_condition(once, condition(kind, status), NOW + timedelta(hours=1)) == once


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        pytest.param([], ["Submitted", "Ready", "Stalled"], id="nothing"),
        pytest.param([Kind.READY], ["Submitted", "Stalled"], id="one"),
        pytest.param(iter([Kind.READY, Kind.STALLED]), ["Submitted"], id="several, given as an iterator"),
        pytest.param([Kind.FAILED], ["Submitted", "Ready", "Stalled"], id="one that is not there"),
    ],
)
def test_dropping_conditions(gone: list[str], left: list[str]) -> None:
    """What is dropped is absent; the rest keeps its order."""
    before = (condition("Submitted"), condition("Ready"), condition("Stalled"))
    assert [one.type for one in without_conditions(before, gone)] == left


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(State.PENDING, {"Ready": "False", "Reconciling": "True"}, id="pending is in progress"),
        pytest.param(State.WAITING, {"Ready": "False", "Reconciling": "True"}, id="queued is in progress"),
        pytest.param(State.EXECUTING, {"Ready": "False", "Reconciling": "True"}, id="running is in progress"),
        pytest.param(State.CANCELLING, {"Ready": "False", "Reconciling": "True"}, id="cancelling is in progress"),
        pytest.param(State.SUCCEEDED, {"Ready": "True"}, id="succeeded is current"),
        pytest.param(State.FAILED, {"Ready": "False", "Stalled": "True"}, id="failed or refused is failed"),
        pytest.param(State.CANCELLED, {"Ready": "False", "Stalled": "True"}, id="cancelled is failed"),
        pytest.param(State.SUSPENDED, {}, id="suspended is current, as a suspended batch Job"),
    ],
)
def test_the_table_for_kstatus(state: State, expected: dict[str, str]) -> None:
    """Ready, Reconciling and Stalled for each row of the design's table."""
    drawn = for_kstatus(state, "Because", "of that", 4)
    assert {one.type: one.status for one in drawn} == expected
    assert all((one.reason, one.message, one.observed_generation) == ("Because", "of that", 4) for one in drawn)


def test_summaries_name_the_condition_that_has_their_text() -> None:
    """`kubectl describe` says a long text where it belongs, and not five times."""
    text = "spec.program.source is empty"
    ended = [Condition(kind, "True", "ProgramInvalid", text, "", 4) for kind in (Kind.FAILED, Kind.FINISHED)]
    drawn = said_once([*ended, *for_kstatus(State.FAILED, "ProgramInvalid", text, 4)])
    assert {one.type: one.message for one in drawn} == {
        "Failed": text,
        "Finished": "see condition Failed",
        "Ready": "see condition Failed",
        "Stalled": text,
    }


def test_a_summary_alone_keeps_its_text() -> None:
    """A success says it nowhere else."""
    assert [one.message for one in said_once(for_kstatus(State.SUCCEEDED, "OutputWritten", "done", 4))] == ["done"]


@pytest.mark.parametrize("state", [pytest.param(state, id=f"in state {state}") for state in State])
def test_reconciling_and_stalled_are_absent_rather_than_false(state: State) -> None:
    """Tools read them as abnormal-true conditions, and both at once contradict each other."""
    drawn = {one.type: one.status for one in for_kstatus(state, "Because", "", 1)}
    assert not {Kind.RECONCILING, Kind.STALLED} <= drawn.keys()
    assert all(drawn.get(kind, "True") == "True" for kind in (Kind.RECONCILING, Kind.STALLED))
    assert not (drawn.get(Kind.READY) == "True" and len(drawn) > 1)
