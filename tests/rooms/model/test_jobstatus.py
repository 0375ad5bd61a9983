"""Status and its JSON, both ways, and the merge patch between two statuses."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quantumjob_operator.model.jobstatus import (
    AttemptShown,
    Cancellation,
    Condition,
    CostEventShown,
    CostShown,
    ErrorShown,
    JobStatus,
    QueueShown,
    Resolved,
    State,
    WorkspaceUsed,
    parse_status,
    status_json,
    status_patch,
)
from quantumjob_operator.model.money import Amount
from rooms.model.mergepatch import merged

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=6)
MAYBE = st.none() | TEXT
NUMBER = st.integers(0, 9)
EVENT = st.builds(CostEventShown, dimension=TEXT, unit=MAYBE, consumed=MAYBE, billed=MAYBE, unit_price=MAYBE)
COST = st.builds(
    CostShown,
    estimated_total=MAYBE,
    currency_code=MAYBE,
    events=st.none() | st.lists(EVENT, min_size=1, max_size=2).map(tuple),
    usage=st.none() | st.dictionaries(st.sampled_from("ab"), TEXT),
)
CONDITION = st.builds(
    Condition,
    type=TEXT,
    status=TEXT,
    reason=TEXT,
    message=TEXT,
    last_transition_time=TEXT,
    observed_generation=NUMBER,
)
ATTEMPT = st.builds(AttemptShown, attempt=NUMBER, job_id=TEXT, state=TEXT, reason=MAYBE, cost=st.none() | COST)
STATUSES = st.builds(
    JobStatus,
    observed_generation=st.integers(-1, 9),
    state=st.none() | st.sampled_from(list(State)),
    remote_status=MAYBE,
    job_id=MAYBE,
    attempt=st.none() | NUMBER,
    attempts=st.lists(ATTEMPT, max_size=3).map(tuple),
    failed_attempts=st.none() | NUMBER,
    cancellation=st.none() | st.builds(Cancellation, attempt=NUMBER, reason=TEXT, time=TEXT, answered_time=MAYBE),
    workspace=st.none()
    | st.builds(WorkspaceUsed, id=TEXT, endpoint=TEXT, ref=st.dictionaries(st.sampled_from("ab"), TEXT)),
    submission_time=MAYBE,
    start_time=MAYBE,
    completion_time=MAYBE,
    cancellation_time=MAYBE,
    output_uri=MAYBE,
    output_config_map=MAYBE,
    portal_url=MAYBE,
    error=st.none() | st.builds(ErrorShown, code=MAYBE, message=MAYBE),
    cost=st.none() | COST,
    total_cost=st.lists(st.builds(Amount, unit=TEXT, amount=TEXT), max_size=2).map(tuple),
    queue=st.none() | st.builds(QueueShown, ahead=NUMBER, observed_time=TEXT, usual_wait_seconds=st.none() | NUMBER),
    resolved=st.none() | st.builds(Resolved, name=TEXT, output_format=TEXT, entry_point=MAYBE, program_digest=MAYBE),
    conditions=st.lists(CONDITION, max_size=3).map(tuple),
)
EMPTY = JobStatus()
REALISTIC = {
    "observedGeneration": 2,
    "state": "Cancelling",
    "remoteStatus": "CancellationRequested",
    "jobId": "8286b8a0-1778-5a18-ac2e-617411225159",
    "attempt": 1,
    "attempts": [
        {
            "attempt": 1,
            "jobId": "8286b8a0-1778-5a18-ac2e-617411225159",
            "state": "Cancelling",
            "reason": "Deleted",
            "cost": {"estimatedTotal": "1.25", "currencyCode": "USD"},
        }
    ],
    "failedAttempts": 0,
    "cancellation": {
        "attempt": 1,
        "reason": "Deleted",
        "time": "2026-11-22T12:00:00Z",
        "requestedTime": "2026-11-22T12:00:01Z",
    },
    "workspace": {
        "id": "/subscriptions/…",
        "endpoint": "https://eastus.quantum.azure.com",
        "ref": {"name": "default", "namespace": "research"},
    },
    "submissionTime": "2026-11-22T11:59:00Z",
    "startTime": "2026-11-22T11:59:10Z",
    "completionTime": "2026-11-22T12:01:00Z",
    "cancellationTime": "2026-11-22T12:01:00Z",
    "outputUri": "https://acct.blob.core.windows.net/job-8286/rawOutputData",
    "outputConfigMap": "bell-output",
    "portalUrl": "https://portal.azure.com/#resource",
    "error": {"code": "InvalidInputData", "message": "no such gate"},
    "cost": {
        "estimatedTotal": "1.25",
        "currencyCode": "USD",
        "events": [{"dimension": "gs1q", "unit": "shot", "consumed": "9", "billed": "9", "unitPrice": "0.1"}],
        "usage": {"standardMinutes": "7"},
    },
    "totalCost": [{"unit": "USD", "amount": "1.25"}, {"unit": "gs1q", "amount": "9"}],
    "queue": {"ahead": 250, "observedTime": "2026-11-22T11:59:30Z", "usualWaitSeconds": 3600},
    "resolved": {
        "name": "bell",
        "outputFormat": "microsoft.quantum-results.v2",
        "entryPoint": "ENTRYPOINT__main",
        "programDigest": "sha256:00",
    },
    "conditions": [
        {
            "type": "Ready",
            "status": "False",
            "reason": "Deleted",
            "message": "being cancelled",
            "lastTransitionTime": "2026-11-22T12:00:00Z",
            "observedGeneration": 2,
        }
    ],
}


@given(STATUSES)
def test_a_status_survives_its_json(status: JobStatus) -> None:
    """What is written is what is read, for every status."""
    assert parse_status(status_json(status)) == status


def test_every_field_of_a_realistic_status_is_read_and_written() -> None:
    """Nothing of a full status gets lost on the way through the value."""
    assert status_json(parse_status(REALISTIC)) == REALISTIC


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({}, EMPTY, id="an empty status has not been seen"),
        pytest.param({"observedGeneration": -1}, EMPTY, id="the CRD's default has not been seen"),
        pytest.param({"conditions": [], "attempts": []}, EMPTY, id="empty lists"),
        pytest.param(
            {"state": "Waiting", "mood": "fine"}, JobStatus(state=State.WAITING), id="a later version's field"
        ),
        pytest.param({"error": {}}, JobStatus(error=ErrorShown()), id="an error that says nothing"),
    ],
)
def test_reading_a_status(body: dict[str, Any], expected: JobStatus) -> None:
    """Objects of any age are readable."""
    assert parse_status(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"state": "Dreaming"}, id="a state that the CRD does not know"),
        pytest.param({"attempt": "first"}, id="text where a number stands"),
        pytest.param({"conditions": [{"type": "Ready"}]}, id="half a condition"),
        pytest.param({"cancellation": "please"}, id="text where an object stands"),
    ],
)
def test_what_the_schema_forbids_is_refused(body: dict[str, Any]) -> None:
    """A status of a foreign CRD is an error, not a guess."""
    with pytest.raises(ValidationError):
        parse_status(body)


def test_what_is_absent_is_left_out() -> None:
    """A null or an empty list in a merge patch would be a change, and a null in the object an error."""
    assert status_json(EMPTY) == {"observedGeneration": -1}


def test_zero_and_empty_text_are_not_absent() -> None:
    """`failedAttempts: 0` says something."""
    shown = status_json(JobStatus(failed_attempts=0, remote_status=""))
    assert shown == {"observedGeneration": -1, "failedAttempts": 0, "remoteStatus": ""}


@given(STATUSES, STATUSES)
def test_a_patch_turns_one_status_into_the_other(old: JobStatus, new: JobStatus) -> None:
    """Applied as RFC 7386 says, the patch leaves exactly the new status behind."""
    assert merged(status_json(old), status_patch(old, new)) == status_json(new)


@given(STATUSES)
def test_equal_statuses_need_no_patch(status: JobStatus) -> None:
    """No news, no write: that is what keeps ten thousand finished jobs quiet."""
    assert status_patch(status, parse_status(status_json(status))) == {}


@given(STATUSES, STATUSES)
def test_a_patch_names_only_what_differs(old: JobStatus, new: JobStatus) -> None:
    """A field that stays the same is not sent."""
    before, after = status_json(old), status_json(new)
    differing = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert status_patch(old, new).keys() == differing


def workspace_used(**ref: str) -> WorkspaceUsed:
    """A workspace with a reference."""
    return WorkspaceUsed(id="w", endpoint="https://e", ref=ref)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(JobStatus(job_id="a"), EMPTY, {"jobId": None}, id="a field that vanishes becomes null"),
        pytest.param(
            JobStatus(error=ErrorShown("A", "a")), JobStatus(error=ErrorShown("A")), {"error": {"message": None}},
            id="a key within a field that vanishes becomes null",
        ),
        pytest.param(
            JobStatus(error=ErrorShown("A", "a")), JobStatus(error=ErrorShown("B", "a")), {"error": {"code": "B"}},
            id="a key within a field that changes is sent alone",
        ),
        pytest.param(
            JobStatus(workspace=workspace_used(name="n", namespace="s")), JobStatus(workspace=workspace_used(name="n")),
            {"workspace": {"ref": {"namespace": None}}},
            id="a key two levels down that vanishes becomes null",
        ),
        pytest.param(
            JobStatus(conditions=(Condition("Ready", "True", "A"),)), EMPTY, {"conditions": None},
            id="the last condition that vanishes takes the list away",
        ),
        pytest.param(
            JobStatus(error=ErrorShown("A")), JobStatus(error=ErrorShown()), {"error": {"code": None}},
            id="an object that becomes empty is emptied",
        ),
        pytest.param(EMPTY, JobStatus(error=ErrorShown()), {"error": {}}, id="an empty object that appears is sent"),
    ],
)  # fmt: skip
def test_patches(old: JobStatus, new: JobStatus, expected: dict[str, Any]) -> None:
    """Merge patches spelled out: what is null goes, what is named changes."""
    assert status_patch(old, new) == expected


@pytest.mark.parametrize(
    ("conditions", "true", "finished"),
    [
        pytest.param((), False, False, id="no condition"),
        pytest.param((Condition("Finished", "True", "A"),), True, True, id="True"),
        pytest.param((Condition("Finished", "False", "A"),), False, False, id="False"),
        pytest.param((Condition("Finished", "Unknown", "A"),), False, False, id="Unknown"),
        pytest.param((Condition("Complete", "True", "A"),), False, False, id="another one is True"),
    ],
)
def test_a_job_is_finished_by_its_condition_alone(
    conditions: tuple[Condition, ...], *, true: bool, finished: bool
) -> None:
    """The state is a summary for people; the condition is what nothing can change any more."""
    status = JobStatus(state=State.SUCCEEDED, conditions=conditions)
    assert (status.is_true("Finished"), status.finished) == (true, finished)


@pytest.mark.parametrize(
    ("status", "seconds"),
    [
        pytest.param(JobStatus(), 0, id="nothing tells"),
        pytest.param(JobStatus(submission_time="2026-11-22T11:00:00Z"), 3600, id="since it was submitted"),
        pytest.param(
            JobStatus(submission_time="2026-11-22T11:00:00Z", start_time="2026-11-22T11:59:00Z"),
            60,
            id="since it was begun",
        ),
        pytest.param(
            JobStatus(
                submission_time="2026-11-22T11:00:00Z",
                start_time="2026-11-22T11:30:00Z",
                cancellation=Cancellation(1, "Cancelled", "2026-11-22T11:59:30Z"),
            ),
            30,
            id="since it was to be cancelled",
        ),
        pytest.param(
            JobStatus(submission_time="2026-11-22T11:00:00Z", start_time="2026-11-22T12:30:00Z"),
            0,
            id="by a clock that is ahead of ours",
        ),
    ],
)
def test_how_long_a_job_has_been_as_it_is(status: JobStatus, seconds: float) -> None:
    """The latest of what the status tells, and never less than nothing."""
    assert status.seconds_in_state(datetime(2026, 11, 22, 12, tzinfo=UTC)) == seconds
