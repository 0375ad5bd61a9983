"""What comes back from the service, its gateways and the network becomes a decision about time."""

import contextlib

import pytest

from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.model.errors import (
    AnswerTooLarge,
    Applied,
    CredentialsRefused,
    EndpointNotAllowed,
    Refused,
    Retryable,
    ServiceError,
    TargetUnavailable,
    Throttled,
)
from quantumjob_operator.model.remotejob import CancelAnswer
from rooms.azure.conftest import MakeClient, Observed
from rooms.azure.misbehaving import (
    Behaviour,
    MisbehavingServer,
    answers,
    drops,
    fails,
    says,
    speaks_gibberish,
    truncates,
)
from rooms.azure.renewal import NoToken, RenewableToken
from rooms.azure.samples import DEFINITION, JOB_ID, LOCATION, job

HTML = b"<html><body>The page cannot be found</body></html>"
NO, UNKNOWN = Applied.NO, Applied.UNKNOWN


@pytest.mark.parametrize(
    ("behaviour", "kind", "applied"),
    [
        pytest.param(fails(400, "InvalidJobDefinition"), Refused, NO, id="400 is refused for good"),
        pytest.param(answers(401), CredentialsRefused, NO, id="401 with an empty body is about credentials"),
        pytest.param(fails(403, "InvalidJobDefinition"), Refused, NO, id="403 is refused for good"),
        pytest.param(fails(404, "WorkspaceNotFound"), Refused, UNKNOWN, id="404 of the workspace is refused"),
        pytest.param(answers(404), Retryable, UNKNOWN, id="an empty 404 is some gateway's"),
        pytest.param(answers(404, HTML), Retryable, UNKNOWN, id="a 404 page is some gateway's"),
        pytest.param(answers(408), Retryable, UNKNOWN, id="408 may have been applied"),
        pytest.param(fails(409, "TargetUnavailable"), TargetUnavailable, NO, id="409 TargetUnavailable waits"),
        pytest.param(fails(409, "JobAlreadyExists"), Refused, UNKNOWN, id="409 else is refused, perhaps applied"),
        pytest.param(answers(429), Throttled, NO, id="429 was not applied"),
        pytest.param(answers(500), Retryable, UNKNOWN, id="500 may have been applied"),
        pytest.param(answers(503, HTML), Retryable, UNKNOWN, id="a 503 page may have been applied"),
        pytest.param(answers(504), Retryable, UNKNOWN, id="504 may have been applied"),
        pytest.param(answers(302, headers={"Location": "http://127.0.0.1:9/"}), Retryable, UNKNOWN, id="a redirect"),
        pytest.param(answers(200, HTML), Retryable, UNKNOWN, id="a page instead of the job"),
        pytest.param(answers(200), Retryable, UNKNOWN, id="nothing instead of the job"),
        pytest.param(says([1, 2]), Retryable, UNKNOWN, id="other JSON instead of the job"),
        pytest.param(says(job(id="f" * 8 + JOB_ID[8:])), Retryable, UNKNOWN, id="another job than asked for"),
        pytest.param(answers(200, b"[" * 200_000), Retryable, UNKNOWN, id="JSON nested without end"),
        pytest.param(answers(200, b"\xff" * 17_000_000), AnswerTooLarge, UNKNOWN, id="an answer without end"),
        pytest.param(
            answers(200, b"junk", {"Content-Encoding": "gzip"}), Retryable, UNKNOWN, id="an answer that won't unpack"
        ),
        pytest.param(truncates(), Retryable, UNKNOWN, id="half an answer"),
        pytest.param(drops(), Retryable, UNKNOWN, id="a dropped connection"),
        pytest.param(speaks_gibberish(), Retryable, UNKNOWN, id="no HTTP at all"),
    ],
)
async def test_answers_to_a_put(
    server: MisbehavingServer,
    make_client: MakeClient,
    behaviour: Behaviour,
    kind: type[ServiceError],
    applied: Applied,
) -> None:
    """A PUT is sent once, and the error says what to do and whether it may have happened."""
    server.plays(behaviour)
    with pytest.raises(ServiceError) as caught:
        await make_client().put_job(DEFINITION, LOCATION)
    assert type(caught.value) is kind
    assert caught.value.applied is applied
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        pytest.param(429, "7", 7.0, id="seconds"),
        pytest.param(503, "Sun, 22 Nov 2026 12:01:30 GMT", 90.0, id="a date"),
        pytest.param(503, "Sun, 22 Nov 2026 11:00:00 GMT", 0.0, id="a date that has passed"),
        pytest.param(503, "99999999", 86400.0, id="more than a day"),
        pytest.param(503, "soon", None, id="a word"),
        pytest.param(503, "-5", None, id="a negative number"),
        pytest.param(503, "1e9", None, id="a number in another notation"),
        pytest.param(503, "", None, id="nothing"),
    ],
)
async def test_retry_after(
    server: MisbehavingServer, make_client: MakeClient, status: int, value: str, seconds: float | None
) -> None:
    """The service's wish is read in both forms."""
    server.plays(answers(status, headers={"Retry-After": value}))
    with pytest.raises(Retryable) as caught:
        await make_client().get_job(JOB_ID)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(fails(404, "JobNotFound", "The job does not exist."), id="a code for the job"),
        pytest.param(fails(404, "NotFound"), id="a bare code"),
        pytest.param(fails(404, "ResourceNotFound", "Job x not found in workspace y"), id="a text about the job"),
        pytest.param(says({"code": "NotFound", "message": "no"}, 404), id="the flat shape"),
    ],
)
async def test_a_job_that_is_absent(server: MisbehavingServer, make_client: MakeClient, behaviour: Behaviour) -> None:
    """A 404 in the service's own shape says that the job does not exist, for reading and for cancelling."""
    server.plays(behaviour)
    assert await make_client().get_job(JOB_ID) is None
    assert await make_client().cancel_job(JOB_ID) is CancelAnswer.ABSENT


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(answers(404), id="an empty body"),
        pytest.param(answers(404, HTML), id="a page"),
        pytest.param(says({"statusCode": 404, "message": "Resource not found"}, 404), id="a gateway's JSON"),
        pytest.param(says({"error": {"code": None}}, 404), id="an error without a code"),
        pytest.param(says({"error": "not found"}, 404), id="an error that is text"),
        pytest.param(fails(404, "WorkspaceNotFound"), id="a code for the workspace"),
        pytest.param(fails(404, "ResourceGroupNotFound"), id="a code for the resource group"),
        pytest.param(fails(404, "SubscriptionNotFound"), id="a code for the subscription"),
        pytest.param(
            fails(404, "ResourceNotFound", "The Resource 'Workspaces/w' was not found."), id="a text about it"
        ),
        pytest.param(truncates(404), id="half an answer"),
        pytest.param(answers(500), id="another status"),
        pytest.param(answers(410), id="410"),
    ],
)
async def test_what_is_never_read_as_absent(
    server: MisbehavingServer, make_client: MakeClient, behaviour: Behaviour
) -> None:
    """Any other answer is an error: believing it could lose a paid job."""
    server.plays(behaviour)
    with pytest.raises(ServiceError):
        await make_client().get_job(JOB_ID)
    with pytest.raises(ServiceError):
        await make_client().cancel_job(JOB_ID)


@pytest.mark.parametrize(
    ("behaviour", "answer"),
    [
        pytest.param(says(job()), CancelAnswer.ACCEPTED, id="200 with the job"),
        pytest.param(answers(204), CancelAnswer.ACCEPTED, id="204"),
        pytest.param(fails(409, "JobNotCancellable"), CancelAnswer.NOT_CANCELLABLE, id="409"),
        pytest.param(fails(400, "InvalidOperation"), CancelAnswer.NOT_CANCELLABLE, id="400"),
    ],
)
async def test_answers_to_a_cancellation(
    server: MisbehavingServer, make_client: MakeClient, behaviour: Behaviour, answer: CancelAnswer
) -> None:
    """A refusal to cancel is an answer, not an error."""
    server.plays(behaviour)
    assert await make_client().cancel_job(JOB_ID) is answer
    assert (server.received[0].method, server.received[0].path[-len(JOB_ID) - 7 :]) == ("POST", f"{JOB_ID}:cancel")


@pytest.mark.parametrize(
    ("status", "kind"), [(401, CredentialsRefused), (403, Refused), (429, Throttled), (500, Retryable)]
)
async def test_cancellations_that_fail(
    server: MisbehavingServer, make_client: MakeClient, status: int, kind: type[ServiceError]
) -> None:
    """What says nothing about the job stays an error."""
    server.plays(fails(status, "Whatever"))
    with pytest.raises(kind):
        await make_client().cancel_job(JOB_ID)


async def test_a_401_renews_the_credential_once(server: MisbehavingServer, make_client: MakeClient) -> None:
    """A request that was not let in is repeated with a fresh token, a PUT too."""
    server.plays(answers(401), says(job()))
    credential = RenewableToken()
    assert (await make_client(credential=credential).put_job(DEFINITION, LOCATION)).id == JOB_ID
    assert [request.headers["authorization"][-3:] for request in server.received] == ["old", "new"]


async def test_a_second_401_is_final(server: MisbehavingServer, make_client: MakeClient) -> None:
    """A fresh token that is refused as well ends in one error, after one renewal."""
    server.plays(answers(401, headers={"WWW-Authenticate": "Bearer"}))
    credential = RenewableToken()
    with pytest.raises(CredentialsRefused):
        await make_client(credential=credential).get_job(JOB_ID)
    assert (credential.renewals, len(server.received)) == (1, 2)


@pytest.mark.parametrize(
    ("behaviour", "refusals"),
    [
        pytest.param(says(job()), 0, id="an answer"),
        pytest.param(answers(401), 1, id="401"),
        pytest.param(answers(403), 1, id="403 without a word"),
        pytest.param(fails(403, "Forbidden"), 1, id="403, since a role is missing"),
        pytest.param(fails(403, "InvalidJobDefinition"), 0, id="403, since the target does not exist"),
        pytest.param(fails(403, "QuotaExceeded"), 0, id="403, since the quota is used up"),
        pytest.param(fails(400, "InvalidJobDefinition"), 0, id="400"),
        pytest.param(fails(500, "Whatever"), 0, id="500"),
    ],
)
async def test_what_counts_as_refused_credentials(
    server: MisbehavingServer, make_client: MakeClient, observed: Observed, behaviour: Behaviour, refusals: int
) -> None:
    """What is said of the caller, not of the job."""
    server.plays(behaviour)
    with contextlib.suppress(ServiceError):
        await make_client().put_job(DEFINITION, LOCATION)
    assert observed.refusals == refusals


async def test_what_a_workspace_need_not_have_is_no_matter_of_credentials(
    server: MisbehavingServer, make_client: MakeClient, observed: Observed
) -> None:
    """Quotas may be refused to everybody, every five minutes; an alert of that would mislead."""
    server.plays(fails(403, "Forbidden"))
    client = make_client()
    for ask in (client.quotas(), client.quota_usages("ionq"), client.queue_position(JOB_ID)):
        with pytest.raises(Refused):
            await ask
    assert observed.refusals == 0


async def test_a_token_that_is_renewed_in_time_is_not_refused(
    server: MisbehavingServer, make_client: MakeClient, observed: Observed
) -> None:
    """Tokens end every hour."""
    server.plays(answers(401), says(job()))
    await make_client(credential=RenewableToken()).get_job(JOB_ID)
    assert observed.refusals == 0


async def test_a_token_that_is_not_to_be_had_is_a_refusal(
    server: MisbehavingServer, make_client: MakeClient, observed: Observed
) -> None:
    """The identity provider's word counts as the service's own; nothing is sent."""
    with pytest.raises(CredentialsRefused):
        await make_client(credential=NoToken()).get_job(JOB_ID)
    assert (observed.refusals, server.received) == (1, [])


async def test_a_put_whose_time_has_passed_is_not_sent(server: MisbehavingServer, make_client: MakeClient) -> None:
    """The claim is asked again before each sending, also after a renewal."""
    server.plays(answers(401), says(job()))
    fresh = iter([True, False])
    with pytest.raises(Retryable) as caught:
        await make_client(credential=RenewableToken()).put_job(DEFINITION, LOCATION, may_start=lambda: next(fresh))
    assert caught.value.applied is NO
    assert len(server.received) == 1


async def test_a_cancellation_whose_time_has_passed_is_not_sent(
    server: MisbehavingServer, make_client: MakeClient
) -> None:
    """Whoever stood still since the last look has to look again."""
    with pytest.raises(Retryable) as caught:
        await make_client().cancel_job(JOB_ID, may_start=lambda: False)
    assert caught.value.applied is NO
    assert not server.received


async def test_a_redirect_is_not_followed(server: MisbehavingServer, make_client: MakeClient) -> None:
    """Neither the request nor its credential goes where an answer points."""
    server.plays(answers(307, headers={"Location": f"{server.url}/elsewhere"}), says(job()))
    with pytest.raises(Retryable):
        await make_client().get_job(JOB_ID)
    assert len(server.received) == 1


async def test_nothing_is_sent_to_a_host_that_is_not_allowed(
    server: MisbehavingServer, make_client: MakeClient
) -> None:
    """The default list does not hold this server, so it hears nothing."""
    server.plays(says(job()))
    with pytest.raises(EndpointNotAllowed):
        await make_client(allowed=AllowedOrigins()).get_job(JOB_ID)
    assert server.received == []


async def test_a_token_does_not_leave_the_machine_over_plain_http(make_client: MakeClient) -> None:
    """An allowed origin without TLS gets keys, if the administrator wants it so, but no tokens."""
    url = "http://quantum.invalid:8080"
    client = make_client(credential=RenewableToken(), endpoint=url, allowed=AllowedOrigins.parse([url]))
    with pytest.raises(EndpointNotAllowed, match="plain http"):
        await client.get_job(JOB_ID)
