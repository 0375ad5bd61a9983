"""How each error of the service reads for the user: reason, whether it is final, and whether it may have happened."""

import json
from datetime import UTC, datetime

import pytest

from quantumjob_operator.azure.failures import answer_failure, asked_pause
from quantumjob_operator.lifecycle.error_mapping import (
    QUOTA_SECONDS,
    TARGET_DOWN_SECONDS,
    output_trouble_of,
    trouble_of,
)
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.errors import (
    Applied,
    CredentialsRefused,
    EndpointNotAllowed,
    OutputMissing,
    Refused,
    Retryable,
    ServiceError,
    StorageNotAllowed,
    TargetUnavailable,
    Throttled,
)

WORKSPACE = "research/default"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NO = Applied.NO
QUOTA = "QuotaExhausted"
NOT_READY, UNAVAILABLE = "WorkspaceNotReady", "ServiceUnavailable"


@pytest.mark.parametrize(
    ("error", "reason", "final"),
    [
        pytest.param(CredentialsRefused("get_job", status=401, applied=NO), NOT_READY, False, id="credentials"),
        pytest.param(EndpointNotAllowed("get_job", applied=NO), NOT_READY, False, id="an endpoint"),
        pytest.param(StorageNotAllowed("sas_uri", applied=NO), NOT_READY, False, id="a storage account"),
        pytest.param(TargetUnavailable("put_job", status=409, applied=NO), "TargetUnavailable", False, id="a target"),
        pytest.param(Throttled("put_job", status=429, applied=NO), "Throttled", False, id="too many requests"),
        pytest.param(Retryable("get_job", status=503), UNAVAILABLE, False, id="an overloaded service"),
        pytest.param(Retryable("put_job", applied=NO), UNAVAILABLE, False, id="a connection that was refused"),
        pytest.param(Retryable("put_job"), UNAVAILABLE, False, id="no answer in time"),
        pytest.param(ServiceError("get_job"), UNAVAILABLE, False, id="an error of no special kind"),
        pytest.param(
            Refused("put_job", status=400, code="InvalidJobDefinition", applied=NO), "Rejected", True,
            id="a definition that is wrong",
        ),
        pytest.param(
            Refused("put_job", status=403, code="InvalidJobDefinition", applied=NO), "Rejected", True,
            id="a target that the workspace lacks, which reads like a question of rights",
        ),
        pytest.param(
            Refused("put_job", status=400, code="SomethingNew", applied=NO), "Rejected", True,
            id="a bad request with a code of tomorrow",
        ),
        pytest.param(Refused("put_job", status=422), "WorkspaceNotReady", False, id="a refusal that may hide a job"),
        pytest.param(
            Refused("put_job", status=403, code="Forbidden", applied=NO), NOT_READY, False,
            id="a role that is missing, which somebody can grant",
        ),
        pytest.param(Refused("put_job", status=404, code="NotFound"), NOT_READY, False, id="a workspace that is gone"),
        pytest.param(Refused("put_job", status=409, code="Conflict"), NOT_READY, False, id="another kind of conflict"),
        pytest.param(Refused("get_job", status=400), NOT_READY, False, id="a bad request that asked for nothing"),
        pytest.param(
            Refused("get_job", status=403, code="InvalidJobDefinition"), NOT_READY, False,
            id="a refused definition where none was sent",
        ),
        pytest.param(Refused("upload_program", status=403), NOT_READY, False, id="a refusal of the storage account"),
        pytest.param(Refused("sas_uri", status=400), NOT_READY, False, id="a refused container"),
    ],
)  # fmt: skip
def test_reason_and_finality(error: ServiceError, reason: str, *, final: bool) -> None:
    """Only a refused definition ends a job: everything else can be fixed while the job waits."""
    trouble = trouble_of(error, WORKSPACE)
    assert (trouble.reason, trouble.final) == (reason, final)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        pytest.param(Throttled("get_job", retry_after=17), 17, id="throttled, as long as was asked"),
        pytest.param(Throttled("get_job"), None, id="throttled, without a word about time"),
        pytest.param(Retryable("get_job", retry_after=120), 120, id="unavailable, as long as was asked"),
        pytest.param(Retryable("get_job"), None, id="unavailable, without a word about time"),
        pytest.param(TargetUnavailable("put_job"), TARGET_DOWN_SECONDS, id="a target that is down is left in peace"),
        pytest.param(
            TargetUnavailable("put_job", retry_after=5), TARGET_DOWN_SECONDS, id="even if the service is more hopeful"
        ),
        pytest.param(TargetUnavailable("put_job", retry_after=900), 900, id="and longer if it is less so"),
        pytest.param(CredentialsRefused("get_job"), None, id="credentials"),
        pytest.param(Refused("put_job", status=403), None, id="a missing role"),
    ],
)
def test_when_to_look_again(error: ServiceError, seconds: float | None) -> None:
    """What the service asked for is passed on; without a wish the back-off decides."""
    assert trouble_of(error, WORKSPACE).retry_after == seconds


@pytest.mark.parametrize(
    ("error", "unconfirmed"),
    [
        pytest.param(Retryable("put_job"), True, id="a PUT without an answer"),
        pytest.param(Retryable("put_job", status=503), True, id="a PUT that a gateway gave up on"),
        pytest.param(Refused("put_job", status=409, code="Conflict"), True, id="a PUT that met a conflict"),
        pytest.param(Retryable("put_job", applied=NO), False, id="a PUT that found no server"),
        pytest.param(Refused("put_job", status=403, applied=NO), False, id="a PUT that was not allowed"),
        pytest.param(Throttled("put_job", applied=NO), False, id="a PUT that was throttled"),
        pytest.param(TargetUnavailable("put_job", applied=NO), False, id="a PUT to a target that is down"),
        pytest.param(CredentialsRefused("put_job", applied=NO), False, id="a PUT that was not let in"),
        pytest.param(Retryable("get_job"), False, id="a GET without an answer"),
        pytest.param(Retryable("upload_program"), False, id="an upload without an answer"),
        pytest.param(Retryable("cancel_job"), False, id="a cancellation without an answer"),
    ],
)
def test_whether_it_may_have_happened(error: ServiceError, *, unconfirmed: bool) -> None:
    """Only a PUT creates a job, so only its doubtful end must be looked into before the next."""
    assert trouble_of(error, WORKSPACE).unconfirmed is unconfirmed


def answered(status: int, body: str = "", headers: dict[str, str] | None = None) -> Trouble:
    """The trouble behind an answer to a PUT, from the bytes on."""
    return trouble_of(answer_failure("put_job", status, headers or {}, body.encode(), NOW), WORKSPACE)


def told(code: str, message: str = "because") -> str:
    """An error in the service's own shape."""
    return json.dumps({"error": {"code": code, "message": message}})


@pytest.mark.parametrize(
    ("trouble", "reason", "final", "unconfirmed"),
    [
        pytest.param(answered(400, told("InvalidJobDefinition")), "Rejected", True, False, id="400"),
        pytest.param(answered(401), NOT_READY, False, False, id="401 with its empty body"),
        pytest.param(answered(403, told("InvalidJobDefinition")), "Rejected", True, False, id="403 of a definition"),
        pytest.param(answered(403, told("Forbidden")), NOT_READY, False, False, id="403 of a role"),
        pytest.param(answered(408), UNAVAILABLE, False, True, id="408"),
        pytest.param(answered(409, told("TargetUnavailable")), "TargetUnavailable", False, False, id="409 of a target"),
        pytest.param(answered(409, told("JobExists")), NOT_READY, False, True, id="409 of something else"),
        pytest.param(answered(429, "", {"Retry-After": "7"}), "Throttled", False, False, id="429"),
        pytest.param(answered(500, told("InternalError")), UNAVAILABLE, False, True, id="500"),
        pytest.param(answered(502, "<html>Bad gateway</html>"), UNAVAILABLE, False, True, id="502 in HTML"),
        pytest.param(answered(503), UNAVAILABLE, False, True, id="503"),
        pytest.param(answered(504), UNAVAILABLE, False, True, id="504"),
        pytest.param(answered(402), QUOTA, False, False, id="402 without a word"),
        pytest.param(answered(409, told("QuotaExceeded")), QUOTA, False, True, id="409 of a quota"),
        pytest.param(answered(429, told("QuotaExceeded")), QUOTA, False, False, id="429 of a quota"),
    ],
)
def test_answers_to_a_put(trouble: Trouble, reason: str, *, final: bool, unconfirmed: bool) -> None:
    """The rows of the wire contract: known not to have happened are 400, 401, 402, 403, 409 of a target, and 429."""
    assert (trouble.reason, trouble.final, trouble.unconfirmed) == (reason, final, unconfirmed)


@pytest.mark.parametrize(
    ("status", "code", "message", "reason"),
    [
        pytest.param(400, "InsufficientQuota", "", QUOTA, id="a code of quota"),
        pytest.param(403, "CreditsExhausted", "", QUOTA, id="a code of credit"),
        pytest.param(400, "InsufficientFunds", "", QUOTA, id="a code of money"),
        pytest.param(
            400, "InvalidJobDefinition", "The quota of provider ionq is used up.", QUOTA, id="a text of quota"
        ),
        pytest.param(403, "Forbidden", "You have no Azure Quantum credits left", QUOTA, id="a text of credits"),
        pytest.param(400, "BadRequest", "insufficient HQCs for this job", QUOTA, id="a text that lacks units"),
        pytest.param(429, "TooManyRequests", "slow down", "Throttled", id="ordinary throttling"),
        pytest.param(429, "TooManyRequests", "quota of 5 concurrent jobs reached", QUOTA, id="throttling by a quota"),
        pytest.param(400, "InvalidJobDefinition", "no such gate", "Rejected", id="a definition"),
        pytest.param(
            400, "InvalidJobDefinition", "insufficient qubits: 29 needed", "Rejected", id="too large a program"
        ),
        pytest.param(
            400, "InsufficientResources", "Too many qubits requested", "Rejected", id="a target that is small"
        ),
        pytest.param(400, "InvalidJobDefinition", "job 'credit-quota' has no input", "Rejected", id="a job's own name"),
        pytest.param(403, "Forbidden", "insufficient privileges", NOT_READY, id="rights"),
        pytest.param(
            403, "InvalidCredentials", "the credential is not known", NOT_READY, id="credentials are no credit"
        ),
        pytest.param(500, "QuotaExceeded", "", UNAVAILABLE, id="a server's error refuses nothing"),
    ],
)
def test_what_speaks_of_a_quota(status: int, code: str, message: str, reason: str) -> None:
    """It holds the job: the quota is renewed or raised, and nothing is wrong with the definition."""
    trouble = answered(status, told(code, message))
    assert (trouble.reason, trouble.final) == (reason, reason == "Rejected")


@pytest.mark.parametrize(("asked", "seconds"), [("7", QUOTA_SECONDS), ("3600", 3600)])
def test_a_quota_is_waited_for_slowly_and_by_its_job_alone(asked: str, seconds: float) -> None:
    """A pause that is asked for with it is this job's: the others of the workspace go on."""
    body, headers = told("QuotaExceeded").encode(), {"Retry-After": asked}
    assert answered(429, body.decode(), headers).retry_after == seconds
    assert asked_pause(429, headers, body, NOW) is None
    assert asked_pause(429, headers, told("TooManyRequests").encode(), NOW) == float(asked)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(CredentialsRefused("get_job"), id="credentials"),
        pytest.param(EndpointNotAllowed("get_job", detail="host evil.example"), id="an endpoint"),
        pytest.param(StorageNotAllowed("sas_uri", detail="host evil.example"), id="a storage account"),
        pytest.param(Refused("get_job", status=403), id="a role"),
        pytest.param(Retryable("get_job"), id="an outage"),
    ],
)
def test_trouble_with_a_workspace_names_it(error: ServiceError) -> None:
    """Whoever reads the condition must know where to fix it."""
    assert WORKSPACE in trouble_of(error, WORKSPACE).message


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        pytest.param(EndpointNotAllowed("get_job"), "correct spec.endpoint", id="what its owner wrote"),
        pytest.param(StorageNotAllowed("sas_uri"), "ask the operator's administrator", id="what the service named"),
    ],
)
def test_the_remedy_is_one_that_its_reader_has(error: ServiceError, remedy: str) -> None:
    """The storage account stands in no field of a QuantumWorkspace."""
    said = trouble_of(error, WORKSPACE).message
    assert remedy in said
    assert ("spec.endpoint" in said) == (type(error) is EndpointNotAllowed)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(CredentialsRefused("get_job", status=401, detail="the words"), id="credentials"),
        pytest.param(EndpointNotAllowed("get_job", detail="the words"), id="an endpoint"),
        pytest.param(StorageNotAllowed("sas_uri", detail="the words"), id="a storage account"),
        pytest.param(TargetUnavailable("put_job", detail="the words"), id="a target"),
        pytest.param(Throttled("put_job", detail="the words"), id="too many requests"),
        pytest.param(Refused("put_job", status=400, detail="the words"), id="a definition"),
        pytest.param(Refused("get_job", detail="the words"), id="a refusal"),
        pytest.param(Retryable("get_job", detail="the words"), id="an outage"),
    ],
)
def test_the_service_is_heard_in_its_own_words(error: ServiceError) -> None:
    """Opaque failures are what users of the service complain about."""
    assert "the words" in trouble_of(error, WORKSPACE).message


def test_what_the_identity_provider_says_is_for_the_owner() -> None:
    """A job may use another namespace's workspace: it gets the code, and where the rest is told."""
    refused = CredentialsRefused("get_token", code="AADSTS700213", detail="subject system:serviceaccount:theirs:x")
    message = trouble_of(refused, WORKSPACE).message
    assert "AADSTS700213" in message
    assert "condition Ready" in message
    assert "theirs" not in message


@pytest.mark.parametrize(
    ("error", "reason", "says"),
    [
        pytest.param(
            OutputMissing("read_output", status=404, code="BlobNotFound", detail="there is no such blob"),
            "OutputMissing",
            "its result is missing in the storage account (HTTP 404: BlobNotFound: there is no such blob)",
            id="a blob that is not there",
        ),
        pytest.param(
            OutputMissing("read_output", detail="the service names no place of it"),
            "OutputMissing",
            "its result is missing in the storage account (the service names no place of it)",
            id="a job that names none",
        ),
        pytest.param(
            Retryable("read_output", detail="no answer"), "OutputUnreadable", "can't be reached", id="no answer"
        ),
        pytest.param(
            Refused("read_output", status=403, detail="no"), "OutputUnreadable", "storage roles", id="a refusal"
        ),
    ],
)
def test_a_result_that_is_missing_is_told_from_one_that_cannot_be_read(
    error: ServiceError, reason: str, says: str
) -> None:
    """Nobody looks for an outage where the storage account has answered."""
    trouble = output_trouble_of(error, WORKSPACE)
    assert (trouble.reason, trouble.final) == (reason, False)
    assert says in trouble.message
    assert ("can't be reached" in trouble.message) is ("can't be reached" in says)
