"""PUT by the real submitter, over real connections: what is sent once, and what is fenced or confirmed."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from quantumjob_operator.controller.job_definition import definition_of
from quantumjob_operator.controller.reconcile_context import Outdated
from quantumjob_operator.lifecycle.fence import FenceState
from quantumjob_operator.lifecycle.observation import ProgramFacts, Trouble
from quantumjob_operator.model.errors import Retryable
from quantumjob_operator.model.jobstatus import BudgetShown
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.naming import CLAIM_ANNOTATION
from quantumjob_operator.model.quantumjob import parse_job
from quantumjob_operator.model.remotejob import RemoteJob
from rooms.azure.misbehaving import Behaviour, drops, fails
from rooms.controller.submitting import FENCE, SETTINGS, START, Change, Scene, claimed_body
from rooms.lifecycle.observations import HOLDER, NOW, RIVAL, claim, identity
from rooms.model.bodies import OTHER_UID, UID, job_body

GOING = "2026-11-22T13:00:00Z"
OLD = FenceState(claimed_at=START - SETTINGS.put_start_seconds, never_sent=True)
"""Of a claim that was ours too long ago for a PUT to begin."""


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_job_is_sent_once(scene: Scene) -> None:
    """A claim that is fresh needs no read; the owner stands in the metadata, and the submission is counted."""
    reconciliation = scene.reconcile(
        claimed_body(claim(), {"metadata": {"paper": "7"}, "tags": ["a"], "priority": "Standard"})
    )
    await scene.submitter.submit(reconciliation)
    (sent,) = scene.puts
    assert sent["metadata"].items() >= {"paper": "7", "quantumjobs_uid": UID, "quantumjobs_holder": HOLDER}.items()
    assert "quantumjobs_sent" in sent["metadata"]
    assert (sent["name"], sent["providerId"], sent["target"]) == ("bell", "ionq", "ionq.simulator")
    assert scene.cluster.asked == []
    assert isinstance(reconciliation.seen.submission, RemoteJob)
    assert (reconciliation.seen.remote, reconciliation.seen.submission.id) == (
        reconciliation.seen.submission,
        identity(),
    )
    assert scene.counted() == 1
    seconds = scene.metrics.registry.get_sample_value("quantumjob_submission_seconds_sum")
    assert seconds == (NOW - datetime(2026, 11, 22, 12, tzinfo=UTC)).total_seconds()


TEAM = (BudgetShown("platform", "team", "Reserved", (Amount("USD", "12.5"),)),)


@pytest.mark.parametrize(
    ("reserved", "estimate", "text"),
    [
        pytest.param(TEAM, None, '{"platform/team":{"USD":"12.5"}}', id="in a budget"),
        pytest.param((), None, "{}", id="nowhere"),
        pytest.param((), Estimate(Basis.FREE, "it costs nothing"), "Free", id="nowhere, since it is free"),
    ],
)
async def test_what_was_reserved_for_a_job_is_sent_with_it(
    scene: Scene, reserved: tuple[BudgetShown, ...], estimate: Estimate | None, text: str
) -> None:
    """Whatever its user has written there: a budget that is counted anew believes it."""
    reconciliation = scene.reconcile(claimed_body(claim(), {"metadata": {"quantumjobs_reserved": "Free!"}}))
    program = reconciliation.seen.program
    assert isinstance(program, ProgramFacts)
    reconciliation.know(reserved=reserved, program=replace(program, estimate=estimate))
    await scene.submitter.submit(reconciliation)
    (sent,) = scene.puts
    assert sent["metadata"]["quantumjobs_reserved"] == text


@pytest.mark.parametrize(
    ("put", "reason", "doubted"),
    [
        pytest.param(None, None, FENCE, id="accepted: a 404 is not believed for a fence"),
        pytest.param(fails(400, "BadRequest"), "Rejected", 0.0, id="refused: nothing is fenced"),
        pytest.param(fails(429, "TooManyRequests"), "Throttled", 0.0, id="throttled: nothing is fenced"),
        pytest.param(fails(500, "InternalError"), "ServiceUnavailable", FENCE, id="an answer that leaves it open"),
        pytest.param(drops(), "ServiceUnavailable", FENCE, id="no answer"),
    ],
)
async def test_what_is_doubted_after_a_put(
    scene: Scene, put: Behaviour | None, reason: str | None, doubted: float
) -> None:
    """For this object, and for every other one with the same id; it is sent once, whatever the answer."""
    scene.service.put = put
    reconciliation = scene.reconcile(claimed_body(claim()))
    await scene.submitter.submit(reconciliation)
    assert len(scene.puts) == 1
    submission = reconciliation.seen.submission
    assert (submission.reason if isinstance(submission, Trouble) else None) == reason
    assert scene.submitter.fences.until(identity()) == (scene.now + doubted if doubted else 0.0)
    assert reconciliation.memory.fence_state.fence_left(scene.now) == doubted
    assert reconciliation.memory.fence_state.never_sent is (doubted == 0.0)
    assert scene.counted() == (0 if reason else 1)
    # What was reserved for it is given back at once only if it is surely not there.
    assert (reconciliation.at_service, reconciliation.turned_down) == (doubted > 0, doubted == 0)


async def test_doubts_are_kept_until_they_are_over(scene: Scene) -> None:
    """Those of other ids stay when one more is added; what is over is forgotten."""
    first, second, third = (identity(attempt) for attempt in (1, 2, 3))
    for attempt, seconds in ((1, 0.0), (2, FENCE / 2), (3, FENCE)):
        scene.now = START + seconds
        await scene.submitter.submit(
            scene.reconcile(claimed_body(claim(attempt)), fence_state=FenceState(claimed_at=scene.now))
        )
    assert scene.submitter.fences.until(first) == 0.0
    assert scene.submitter.fences.until(second) == START + 1.5 * FENCE
    assert scene.submitter.fences.until(third) == START + 2 * FENCE


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param({"cancel_only": True}, "WorkspaceNotReady", id="the credential only serves cancelling"),
        pytest.param({"without": True}, None, id="the program has not been read"),
    ],
)
async def test_nothing_is_sent_without_what_it_takes(scene: Scene, facts: dict[str, Any], reason: str | None) -> None:
    """Not even the program; a program that went lost is asked for again."""
    without = facts.pop("without", False)
    reconciliation = scene.reconcile(claimed_body(claim()), **facts)
    if without:
        reconciliation.memory.program = None
    await scene.submitter.submit(reconciliation)
    assert scene.received == []
    assert (reconciliation.seen.program is None) is without
    assert (
        reconciliation.seen.submission.reason if isinstance(reconciliation.seen.submission, Trouble) else None
    ) == reason


async def test_an_old_claim_is_confirmed_by_a_live_read(scene: Scene) -> None:
    """And the PUT begins as long after the read as after a claim."""
    reconciliation = scene.reconcile(claimed_body(claim()), fence_state=OLD)
    await scene.submitter.submit(reconciliation)
    assert (scene.cluster.asked, len(scene.puts)) == (["GET"], 1)
    assert reconciliation.memory.fence_state.claimed_at == START


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda body: body["metadata"].update(deletionTimestamp="2026-11-22T13:00:00Z"), id="it is being deleted"
        ),
        pytest.param(lambda body: body["metadata"].update(generation=3), id="its spec has changed"),
        pytest.param(
            lambda body: body.update(status={"state": "Waiting", "jobId": identity()}), id="its status says more"
        ),
        pytest.param(
            lambda body: body["metadata"]["annotations"].update({CLAIM_ANNOTATION: claim(holder=RIVAL).annotation()}),
            id="another process has the claim",
        ),
    ],
)
async def test_a_live_read_that_shows_something_else(scene: Scene, change: Change) -> None:
    """Nothing is sent, and what it showed is known from now on."""
    reconciliation = scene.reconcile(claimed_body(claim()), fence_state=OLD)
    scene.cluster.change("bell", change)
    with pytest.raises(Outdated):
        await scene.submitter.submit(reconciliation)
    assert scene.puts == []
    assert scene.cache.jobs[UID] == parse_job(scene.cluster.objects["bell"])
    assert reconciliation.memory.fence_state == OLD


@pytest.mark.parametrize("uid", [None, OTHER_UID], ids=["nothing is there", "another object has its name"])
async def test_a_live_read_that_does_not_find_the_object(scene: Scene, uid: str | None) -> None:
    """Nothing is sent, and the object counts as gone."""
    reconciliation = scene.reconcile(claimed_body(claim()), fence_state=OLD)
    scene.cluster.objects = {"bell": claimed_body(claim()) | job_body(uid=uid)} if uid else {}
    with pytest.raises(Outdated):
        await scene.submitter.submit(reconciliation)
    assert scene.puts == []
    assert (UID in scene.cache.jobs, list(scene.cache.deleted)) == (False, [UID])


@pytest.mark.parametrize(
    "news",
    [
        pytest.param({"deletionTimestamp": GOING}, id="it is being deleted"),
        pytest.param({"generation": 3}, id="its spec has changed"),
        pytest.param({"annotations": {}}, id="its user has taken the claim off"),
        pytest.param({"finalizers": []}, id="its user has taken the finalizer off"),
        pytest.param(None, id="it is gone"),
    ],
)
async def test_what_the_watch_tells_during_the_upload_holds_the_put_back(
    scene: Scene, news: dict[str, Any] | None
) -> None:
    """It costs no read."""
    reconciliation = scene.reconcile(claimed_body(claim()))

    def tell() -> None:
        if news is None:
            scene.cache.remove(UID)
        else:
            body = claimed_body(claim())
            body["metadata"] |= {"resourceVersion": "2000", **news}
            scene.knows(body)

    scene.service.meanwhile = tell
    with pytest.raises(Outdated):
        await scene.submitter.submit(reconciliation)
    assert (scene.puts, scene.cluster.asked) == ([], [])


async def test_a_put_takes_its_turn(scene: Scene) -> None:
    """A pause that the service asks for after the upload holds it back, and nothing is fenced."""
    reconciliation = scene.reconcile(claimed_body(claim()))
    scene.service.meanwhile = lambda: scene.rate_limiter.stop(30.0)
    await scene.submitter.submit(reconciliation)
    assert isinstance(reconciliation.seen.submission, Trouble)
    assert (reconciliation.seen.submission.reason, scene.puts) == ("Throttled", [])
    assert reconciliation.memory.fence_state.never_sent


async def test_a_claim_that_grows_old_during_the_upload_is_confirmed(scene: Scene) -> None:
    """The moment that counts is that of the PUT."""
    reconciliation = scene.reconcile(claimed_body(claim()))
    scene.service.meanwhile = lambda: setattr(scene, "now", START + SETTINGS.put_start_seconds)
    await scene.submitter.submit(reconciliation)
    assert (scene.cluster.asked, len(scene.puts)) == (["GET"], 1)


async def test_without_an_output_format_there_is_nothing_to_send() -> None:
    """Whoever asks all the same is told that nothing was sent."""
    job = parse_job(job_body({"provider": "nobody", "target": "nowhere", "program": {"format": "x", "source": ""}}))
    with pytest.raises(Retryable, match="no output format"):
        definition_of(job, identity(), ProgramFacts("sha256:0"), cluster="", sender={})
