"""What status tells of a refusal: the service's own code and words, and no name of a function."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.lifecycle import decide
from quantumjob_operator.lifecycle.confidential import LEFT_OUT
from quantumjob_operator.lifecycle.error_mapping import trouble_of
from quantumjob_operator.lifecycle.observation import ABSENT, Trouble
from quantumjob_operator.model.errors import Applied, CredentialsRefused, Refused, Retryable, ServiceError, Throttled
from quantumjob_operator.model.jobstatus import ErrorShown
from quantumjob_operator.model.quantumjob import QuantumJob
from rooms.lifecycle.observations import (
    KEYED,
    accepted,
    asked,
    claimed,
    finished,
    remote,
    seen,
    set_aside,
)

WORKSPACE = "research/default"
SECRET_TEXT = "TOPSECRET_algorithm"
FROM_A_SECRET = {"program": {"format": "qir.v1", "secretKeyRef": {"name": "sp", "key": "p"}}}
FORBIDDEN = Refused("put_job", status=403, code="Forbidden", detail="no role", applied=Applied.NO)
OLD = ErrorShown("TransientFailure", "it went wrong")


def told(error: ServiceError, *, confidential: bool = False) -> Trouble:
    """What an error is for the job."""
    return trouble_of(error, WORKSPACE, confidential=confidential)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        pytest.param(FORBIDDEN, "Forbidden", "no role", id="403 in the service's words"),
        pytest.param(Refused("put_job", status=400, code="Bad", detail="x", applied=Applied.NO), "Bad", "x", id="400"),
        pytest.param(CredentialsRefused("put_job", status=401), "HTTP 401", None, id="401 with its empty body"),
        pytest.param(Throttled("put_job", status=429, code="Slow", detail="down"), "Slow", "down", id="429"),
        pytest.param(Retryable("put_job", status=503), "HTTP 503", None, id="503 of a gateway"),
    ],
)
@pytest.mark.parametrize(
    ("job", "fact"),
    [
        pytest.param(claimed(), "submission", id="submitting"),
        pytest.param(claimed(), "remote", id="looking before it is submitted"),
        pytest.param(accepted({"cancel": True}, cancellation=asked()), "cancel", id="cancelling"),
        pytest.param(
            replace(accepted(cancellation=asked("Deleted")), deletion_requested=True), "remote", id="deleting"
        ),
    ],
)
def test_a_refusal_is_shown(error: ServiceError, code: str, message: str | None, job: QuantumJob, fact: str) -> None:
    """`status.error` has the code and the words, whatever was refused."""
    before: dict[str, Any] = {"remote": remote() if fact == "cancel" else ABSENT}
    decision = decide(seen(job, **before | {fact: told(error)}))
    assert decision.status.error == ErrorShown(code, message)


def test_a_silence_is_no_refusal() -> None:
    """Nobody answered, so the service said nothing that could be shown."""
    assert told(Retryable("put_job", detail="no answer in time")).error is None


def test_a_refusal_that_is_over_is_gone() -> None:
    """An error of a running job would read as if it had failed."""
    job = accepted(error=ErrorShown("HTTP 503", None))
    assert decide(seen(job, remote=remote("Executing"))).status.error is None


def test_the_error_of_the_last_attempt_stays_until_the_next_one() -> None:
    """It is why there is another attempt; trouble of our own says nothing about it."""
    between = claimed({"backoffLimit": 1}, status=set_aside("Retrying", age=600, error=OLD))
    missing = Trouble("ProgramNotFound", "there is no program")
    assert decide(seen(between, program=missing)).status.error == OLD


@pytest.mark.parametrize(
    "operation", ["put_job", "get_job", "cancel_job", "upload_program", "read_output", "provider_status"]
)
@pytest.mark.parametrize("kind", [Refused, Retryable, Throttled, CredentialsRefused])
@pytest.mark.parametrize("status", [None, 400, 403, 503])
def test_no_name_of_a_function_is_told(operation: str, kind: type[ServiceError], status: int | None) -> None:
    """People have never heard of `put_job`."""
    trouble = told(kind(operation, status=status, detail="because"))
    assert operation not in trouble.message
    assert operation not in str(trouble.error)


@pytest.mark.parametrize("operation", ["put_job", "get_job", "cancel_job"])
def test_a_confidential_program_is_not_quoted_by_a_refusal(operation: str) -> None:
    """Code and place are left of an answer about a job whose program stands in a Secret."""
    error = Refused(operation, status=400, code="BadProgram", detail=f"line 2: {SECRET_TEXT}", applied=Applied.NO)
    trouble = told(error, confidential=True)
    assert trouble.error == ErrorShown("BadProgram", f"line 2; {LEFT_OUT}")
    assert "HTTP 400: BadProgram: line 2" in trouble.message
    assert SECRET_TEXT not in trouble.message


@pytest.mark.parametrize("spec", [{}, KEYED, {"backoffLimit": 2}])
def test_a_confidential_program_is_not_quoted_by_a_failure(spec: dict[str, Any]) -> None:
    """Neither status nor any condition has a word of what the compiler quoted."""
    found = remote("Failed", code=f"{SECRET_TEXT} is no code")
    assert found.error
    quoting = remote("Failed", error=type(found.error)("TransientFailure", f"<stdin>:4:9: near {SECRET_TEXT}"))
    for one in (found, quoting):
        status = decide(seen(accepted(spec | FROM_A_SECRET), remote=one)).status
        assert SECRET_TEXT not in repr(status)
    assert status.error == ErrorShown("TransientFailure", f"line 4, column 9; {LEFT_OUT}")


def test_what_has_ended_keeps_its_error() -> None:
    """Nothing is computed anew for a finished job."""
    ended = claimed(status=finished("JobFailed", error=OLD))
    assert decide(seen(ended)).status.error == OLD
