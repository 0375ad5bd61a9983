"""Whose a job is that stands under our id, and what becomes of one that was taken over."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.lifecycle import Action, decide
from quantumjob_operator.lifecycle.observation import ProgramFacts
from quantumjob_operator.model.jobstatus import State
from quantumjob_operator.model.naming import METADATA_NAMESPACE, METADATA_UID
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remotejob import RemoteJob
from rooms.lifecycle.observations import (
    DIGEST,
    KEYED,
    OURS,
    OUTAGE,
    PROGRAM,
    accepted,
    asked,
    at_service,
    claimed,
    new,
    owner,
    reason_of,
    remote,
    seen,
)
from rooms.model.bodies import OTHER_UID

CHECKED: dict[str, Any] = {"later_attempts_checked": True, "program": PROGRAM}
KEY: dict[str, Any] = {"key_owner": OURS, **CHECKED}
ADOPTED = owner(OTHER_UID)


def former(metadata: dict[str, str]) -> dict[str, str]:
    """The same as versions before 0.1.0 wrote it."""
    return {key.replace("quantumjobs_", "quantumjobs.dev/").replace("_", "-"): text for key, text in metadata.items()}


UNTOLD = [
    pytest.param({}, id="the service has dropped all metadata"),
    pytest.param({"name": "bell"}, id="only a user's metadata are left"),
    pytest.param({METADATA_UID: OTHER_UID, METADATA_NAMESPACE: "research"}, id="only the digest is missing"),
]


@pytest.mark.parametrize(
    ("spec", "metadata", "facts"),
    [
        pytest.param({}, owner(), CHECKED, id="it carries our uid"),
        pytest.param({}, {}, CHECKED, id="it says nothing, under an id that follows from our uid"),
        pytest.param({}, {"name": "bell"}, CHECKED, id="it says only what a user wrote"),
        pytest.param({}, former(owner()), CHECKED, id="it carries our uid under the keys of before"),
        pytest.param(KEYED, former(owner()), KEY, id="our uid under the keys of before, and we have a key"),
        pytest.param(
            KEYED, former(ADOPTED), KEY, id="under our key: the same billable definition, with the keys of before"
        ),
        pytest.param({}, owner(digest="sha256:x"), CHECKED, id="our uid, and a program that has changed since"),
        pytest.param(KEYED, owner(), KEY, id="it carries our uid, and we have a key"),
        pytest.param(KEYED, ADOPTED, KEY, id="under our key: the same billable definition by an object of before"),
        pytest.param(
            KEYED,
            owner(OTHER_UID, cluster="other"),
            KEY | {"limits": {"adoptable_clusters": frozenset({"other"})}},
            id="under our key: of a cluster that the administrator named",
        ),
    ],
)
def test_what_is_adopted(spec: dict[str, Any], metadata: dict[str, str], facts: dict[str, Any]) -> None:
    """Nothing is billed again: the job is taken over as it is."""
    decision = decide(seen(claimed(spec), remote=remote("Executing", metadata=metadata), **facts))
    assert (decision.action, reason_of(decision.status, "Submitted")) == (Action.RECORD, "True:Submitted")
    assert decision.status.state is State.EXECUTING


@pytest.mark.parametrize(
    ("spec", "metadata", "said"),
    [
        pytest.param({}, owner(OTHER_UID), "not submitted for this object", id="another object's, and we have no key"),
        pytest.param(
            {}, owner(namespace="elsewhere"), "not submitted for this object", id="our uid in another namespace is none"
        ),
        pytest.param(
            {},
            former(owner(OTHER_UID)) | owner(),
            "not submitted for this object",
            id="the keys of before win over what a user could set then",
        ),
        pytest.param(
            KEYED,
            owner(OTHER_UID, namespace="elsewhere"),
            "from namespace 'elsewhere'; use another key, or make the job in that namespace",
            id="of another namespace",
        ),
        pytest.param(
            KEYED,
            {METADATA_NAMESPACE: "elsewhere"},
            "from namespace 'elsewhere'",
            id="of another namespace, without a digest",
        ),
        pytest.param(
            KEYED,
            owner(OTHER_UID, cluster="other"),
            "'other', not ''; have the operator's setting adoptable_clusters name it",
            id="of another cluster",
        ),
        pytest.param(
            KEYED,
            owner(OTHER_UID, digest="sha256:x"),
            "another program, target or parameters; use another key",
            id="for another billable definition",
        ),
    ],
)
def test_what_is_left_alone(spec: dict[str, Any], metadata: dict[str, str], said: str) -> None:
    """The object ends, with what is different in its message; the job is neither followed nor cancelled."""
    decision = decide(seen(claimed(spec), remote=remote("Executing", metadata=metadata), **KEY))
    failed = decision.status.condition("Failed")
    assert failed
    assert (failed.reason, said in failed.message) == ("IdempotencyKeyReused", True)
    assert decision.status.job_id is None


@pytest.mark.parametrize("metadata", UNTOLD)
@pytest.mark.parametrize(
    "job",
    [
        pytest.param(claimed(KEYED), id="claimed"),
        pytest.param(new(KEYED | {"suspend": True}), id="suspended before it was claimed"),
        pytest.param(new(KEYED | {"cancel": True}), id="cancelled before it was claimed"),
    ],
)
def test_a_job_under_our_key_that_tells_no_purchase_is_waited_for(job: QuantumJob, metadata: dict[str, str]) -> None:
    """Neither billed again nor taken over, and never an end: the message names the key and the way out."""
    decision = decide(seen(job, remote=remote("Executing", metadata=metadata), **KEY))
    assert (decision.action, decision.backoff) == (Action.NONE, True)
    held = decision.status.condition("Submitted")
    assert held
    assert (held.status, held.reason) == ("False", "OwnerUnknown")
    assert "spec.idempotencyKey" in held.message
    assert "use another key" in held.message
    assert not decision.status.finished


@pytest.mark.parametrize("metadata", UNTOLD)
def test_letting_go_of_a_job_that_tells_no_owner_leaves_a_trace(metadata: dict[str, str]) -> None:
    """It is not cancelled, since it may be another's; that it may run on is said."""
    job = replace(
        claimed(KEYED, status=at_service(cancellation=asked("Deleted"), conditions=())), deletion_requested=True
    )
    decision = decide(seen(job, remote=remote("Executing", metadata=metadata), **KEY))
    assert decision.action is Action.RELEASE
    assert [(one.reason, one.warning) for one in decision.notices] == [("CancellationUnconfirmed", True)]
    ended = decide(seen(job, remote=remote("Succeeded", metadata=metadata), **KEY))
    assert (ended.action, ended.notices) == (Action.RELEASE, ())


@pytest.mark.parametrize(
    ("known", "action"),
    [
        pytest.param(
            {"program": None}, Action.READ_PROGRAM, id="the program is read to compare the billable definition"
        ),
        pytest.param({"program": OUTAGE}, Action.NONE, id="a program that can't be read says nothing"),
        pytest.param({"later_attempts_checked": False}, Action.FIND_LAST_ATTEMPT, id="later attempts are asked for"),
    ],
)
def test_before_a_key_is_taken_over(known: dict[str, Any], action: Action) -> None:
    """The comparison needs the program, and the newest attempt."""
    assert decide(seen(claimed(KEYED), remote=remote(metadata=ADOPTED), **KEY | known)).action is action


def test_a_job_of_our_own_is_asked_for_later_attempts_first() -> None:
    """An object that was restored knows less than the service."""
    assert decide(seen(claimed(), remote=remote())).action is Action.FIND_LAST_ATTEMPT


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(remote("Failed", code="TransientFailure", metadata=ADOPTED), "JobFailed", id="it failed"),
        pytest.param(remote("Cancelled", metadata=ADOPTED), "CancelledExternally", id="it was cancelled"),
    ],
)
def test_the_end_of_an_adopted_job_is_the_end(found: RemoteJob, reason: str) -> None:
    """It is not billed again, whatever `backoffLimit` says; the message tells how to."""
    job = accepted(KEYED | {"backoffLimit": 3})
    status = decide(seen(job, remote=found, **KEY)).status
    failed = status.condition("Failed")
    assert failed
    assert (failed.reason, "change spec.idempotencyKey" in failed.message) == (reason, True)


def test_an_adopted_job_that_we_suspended_goes_on_when_we_resume_it() -> None:
    """From then on it is our own wish that ended the attempt."""
    job = accepted(KEYED, cancellation=asked("Suspended"))
    decision = decide(seen(job, remote=remote("Cancelled", metadata=ADOPTED), **KEY))
    assert reason_of(decision.status, "Submitted") == "False:Suspended"
    assert not decision.status.finished


def test_the_digest_of_the_first_attempt_is_kept() -> None:
    """A later attempt that is found again must still be compared with what the first one ran."""
    first = decide(seen(claimed(), remote=remote(), **CHECKED)).status
    second = claimed(attempt=2, status=replace(first, job_id=None, conditions=()))
    found = seen(second, remote=remote(attempt=2), later_attempts_checked=True)
    resolved = decide(found).status.resolved
    assert resolved
    assert resolved.program_digest == DIGEST


def test_a_program_of_unknown_purchase_is_no_match() -> None:
    """A job without an output format has no digest, and must match nothing by accident."""
    nothing = ProgramFacts(DIGEST)
    found = remote(metadata=owner(OTHER_UID))
    status = decide(seen(claimed(KEYED), remote=found, key_owner=OURS, program=nothing)).status
    assert reason_of(status, "Failed") == "True:IdempotencyKeyReused"


@pytest.mark.parametrize("word", ["Waiting", "Executing", "CancellationRequested", "Paused"])
def test_a_second_look_at_an_accepted_job_writes_nothing(word: str) -> None:
    """What is told at its first sight is all that there is to tell until it moves: each word more is a write more."""
    job = claimed()
    first = decide(seen(job, remote=remote(word), **CHECKED)).status
    assert decide(seen(replace(job, status=first), remote=remote(word), **CHECKED)).status == first
