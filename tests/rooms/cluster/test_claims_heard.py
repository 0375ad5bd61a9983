"""Which versions of a job tell that somebody else may have sent it."""

import pytest

from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.claims_heard import ClaimsHeard
from rooms.model.bodies import CLAIM, OTHER_UID, UID, Body, job, job_body

OURS = "a-process"
THEIRS = CLAIM.replace(OURS, "another")
SECOND = CLAIM.replace('"attempt":1', '"attempt":2')
THEIRS_AGAIN = SECOND.replace(OURS, "another")
COPIED = CLAIM.replace(UID, OTHER_UID)


def _body(version: int, claim: str | None) -> Body:
    annotations = {"quantumjobs.dev/claim": claim} if claim else {}
    return job_body(resourceVersion=str(version), annotations=annotations)


@pytest.mark.parametrize(
    ("claims", "unfenced", "named"),
    [
        pytest.param([None, CLAIM], False, 0, id="it was claimed"),
        pytest.param([CLAIM, SECOND], False, 0, id="its next attempt was claimed"),
        pytest.param([THEIRS, CLAIM], False, 0, id="we took it over"),
        pytest.param([CLAIM, THEIRS], True, 0, id="another process took it over"),
        pytest.param([CLAIM, THEIRS, CLAIM], True, 0, id="which was put back"),
        pytest.param([CLAIM, None], True, 1, id="its claim was taken off"),
        pytest.param([SECOND, CLAIM], True, 2, id="it was set back to an earlier attempt"),
        pytest.param([CLAIM, COPIED], True, 1, id="another object's claim was put over its own"),
        pytest.param([COPIED, None], False, 0, id="a claim that was copied from another object was taken off"),
    ],
)
def test_what_was_heard(claims: list[str | None], named: int, *, unfenced: bool) -> None:
    """One version after the other."""
    known = Cache(claims=ClaimsHeard(OURS))
    for version, claim in enumerate(claims):
        body = _body(10 + version, claim)
        known.put_job(job(**body["metadata"]))
    assert (UID in known.claims.unfenced, known.claims.named.get(UID, 0)) == (unfenced, named)


@pytest.mark.parametrize(
    ("late", "now", "unfenced"),
    [
        pytest.param(THEIRS, None, True, id="another process's, which is gone"),
        pytest.param(THEIRS, CLAIM, True, id="another process's, where ours stands by now"),
        pytest.param(THEIRS, THEIRS, False, id="that of the process whose claim stands there still"),
        pytest.param(THEIRS_AGAIN, THEIRS, True, id="that of a later attempt of the process whose claim stands there"),
        pytest.param(CLAIM, None, False, id="our own, which we took off ourselves"),
        pytest.param(COPIED.replace(OURS, "another"), None, False, id="one that was copied from another object"),
        pytest.param(None, CLAIM, False, id="none"),
    ],
)
def test_a_claim_that_is_told_after_a_newer_version_was_read(
    late: str | None, now: str | None, *, unfenced: bool
) -> None:
    """The newer one is an answer, or a live read; nothing else tells what stood there before."""
    known = Cache(claims=ClaimsHeard(OURS))
    known.put_job(job(**_body(20, now)["metadata"]))
    body = _body(15, late)
    if known.is_news(body):
        assert not known.put_job(job(**body["metadata"]))
    assert (UID in known.claims.unfenced) is unfenced
