"""Claim and PUT by the real submitter, over real connections: what is sent once, and what is fenced or confirmed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from quantumjob_operator.cluster.api import ClusterError, Conflict
from quantumjob_operator.controller.job_definition import definition_of
from quantumjob_operator.controller.reconcile_context import Outdated
from quantumjob_operator.lifecycle.attempts import identify
from quantumjob_operator.lifecycle.fence import FenceState
from quantumjob_operator.lifecycle.observation import KeyOwner, ProgramFacts, Trouble
from quantumjob_operator.model.errors import Retryable
from quantumjob_operator.model.jobstatus import BudgetShown, status_json
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.naming import CLAIM_ANNOTATION, FINALIZER
from quantumjob_operator.model.quantumjob import Claim, parse_job
from quantumjob_operator.model.remotejob import RemoteJob
from rooms.azure.misbehaving import Behaviour, drops, fails
from rooms.controller.submitting import SETTINGS, START, Change, Parts, Scene, claimed_body, connections
from rooms.lifecycle.observations import HOLDER, NOW, RIVAL, THEIRS, WORKSPACE, claim, finished, identity, remote
from rooms.model.bodies import OTHER_UID, UID, job_body

GOING = "2026-11-22T13:00:00Z"
FENCE = SETTINGS.fence_seconds
OLD = FenceState(claimed_at=START - SETTINGS.put_start_seconds, never_sent=True)
"""Of a claim that was ours too long ago for a PUT to begin."""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def parts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    """Connections to an API server and to a service; to open them takes longer than all else."""
    async with connections(tmp_path_factory.mktemp("cluster")) as opened:
        yield opened


@pytest.fixture
def scene(parts: Parts) -> Scene:
    """A submitter between an API server and a service, both of them new."""
    return Scene.of(*parts)


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


KEYED = {"idempotencyKey": "vqe-1"}


async def test_two_objects_with_one_key_never_have_a_put_under_way_each(scene: Scene) -> None:
    """The first one went with its finalizer while its PUT was not answered; the second claims, and has seen a 404."""
    first, second = (parse_job(_keyed(uid)) for uid in (UID, OTHER_UID))
    job_id = identify(first, WORKSPACE.id)
    assert job_id == identify(second, WORKSPACE.id)
    fences, body = scene.submitter.fences, _keyed(OTHER_UID, claim(uid=OTHER_UID))
    fences.sending(job_id, first.uid)
    assert scene.submitter.fence_until(job_id, second) == scene.now + FENCE, "asked for again, as long as it takes"
    with pytest.raises(Outdated):
        await scene.submitter.submit(scene.reconcile(body, job_id=job_id))
    assert scene.puts == []
    fences.not_applied(job_id, None)
    await scene.submitter.submit(scene.reconcile(body, job_id=job_id))
    assert len(scene.puts) == 1


@pytest.mark.parametrize(
    ("known", "fenced"),
    [
        pytest.param([], 0.0, id="nobody is known to have had the key"),
        pytest.param([{}], FENCE, id="the watch has not told yet that it is gone"),
        pytest.param([{"deleted": True}], FENCE, id="it is gone, and nobody has seen to it yet"),
        pytest.param([{"status": status_json(finished())}], 0.0, id="its job has ended"),
    ],
)
async def test_a_first_claim_is_fenced_by_who_had_the_key(
    scene: Scene, known: list[dict[str, Any]], fenced: float
) -> None:
    """Whoever served an object that is gone may have sent its job a moment ago."""
    for one in known:
        scene.cache.put_job(parse_job(_keyed(UID) | {"status": one.get("status", {})}))
        if one.get("deleted"):
            scene.cache.remove(UID, scene.cache.jobs[UID])
    mine = _keyed(OTHER_UID)
    reconciliation = scene.reconcile(mine, fence_state=FenceState())
    await scene.submitter.check_key(reconciliation)
    await scene.submitter.claim(reconciliation)
    assert reconciliation.memory.fence_state.fence_left(scene.now) == fenced
    assert reconciliation.memory.fence_state.never_sent is (fenced == 0.0)


def _keyed(uid: str, own: Claim | None = None) -> dict[str, Any]:
    body = claimed_body(own, KEYED) if own else job_body(KEYED)
    body["metadata"]["uid"] = uid
    return body


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


@pytest.mark.parametrize(
    ("before", "ended", "attempt", "asked_at"),
    [
        pytest.param(None, False, 1, 5.0, id="the first claim"),
        pytest.param(claim(holder=RIVAL), False, 1, 5.0, id="another process's claim is taken over"),
        pytest.param(claim(), True, 2, None, id="the next attempt, which nobody has asked to cancel"),
    ],
)
async def test_a_claim_is_written_and_nothing_from_before_it_is_believed(
    scene: Scene, before: Any, *, ended: bool, attempt: int, asked_at: float | None
) -> None:
    """Neither what the service showed nor whose the key was."""
    body = claimed_body(before) if before else job_body()
    if ended:
        shown = {"attempt": 1, "jobId": identity(), "state": "Cancelled", "reason": "Suspended"}
        body["status"] = {"attempt": 1, "attempts": [shown]}
    known = FenceState(acknowledged=1 if ended else None)
    reconciliation = scene.reconcile(body, fence_state=known, key_owner=THEIRS)
    reconciliation.memory.asked_at = 5.0
    await scene.submitter.claim(reconciliation)
    written = reconciliation.job.claim
    assert written is not None
    assert (written.uid, written.holder, written.attempt, written.fence) == (UID, HOLDER, attempt, FENCE)
    assert parse_job(scene.cluster.objects["bell"]) == reconciliation.job
    assert reconciliation.job.finalizers == (FINALIZER,)
    assert (reconciliation.seen.remote, reconciliation.seen.key_owner, reconciliation.seen.job_id) == (
        None,
        None,
        identity(attempt),
    )
    assert (reconciliation.memory.claimed, reconciliation.memory.asked_at) == (True, asked_at)
    sure = reconciliation.memory.fence_state
    assert (sure.claimed_at, sure.never_sent) == (START, before is None or ended)


@pytest.mark.parametrize("dropped", [{"annotations": {}}, {"finalizers": []}, {"annotations": {}, "finalizers": []}])
async def test_a_claim_that_something_takes_off_again_is_refused(scene: Scene, dropped: dict[str, Any]) -> None:
    """A mutating webhook, perhaps: users are told, and it is tried again later, not at once."""
    reconciliation = scene.reconcile(job_body(), fence_state=FenceState())
    scene.cluster.stores = lambda body: body["metadata"].update(dropped)
    with pytest.raises(ClusterError, match="mutating webhook") as raised:
        await scene.submitter.claim(reconciliation)
    assert raised.value.write_refused
    assert not reconciliation.memory.claimed


async def test_a_claim_that_came_too_late_is_none(scene: Scene) -> None:
    """Somebody changed the object: nothing is known of a claim."""
    reconciliation = scene.reconcile(job_body(), fence_state=FenceState())
    scene.cluster.objects["bell"] = job_body(resourceVersion="1043")
    with pytest.raises(Conflict):
        await scene.submitter.claim(reconciliation)
    assert (reconciliation.memory.claimed, reconciliation.memory.fence_state, reconciliation.job.claim) == (
        False,
        FenceState(),
        None,
    )


async def test_a_claim_is_renounced(scene: Scene) -> None:
    """Claim and finalizer are off, and this process knows of none."""
    reconciliation = scene.reconcile(claimed_body(claim()))
    reconciliation.memory.claimed = True
    await scene.submitter.renounce(reconciliation)
    assert (reconciliation.job.claim, reconciliation.job.finalizers, reconciliation.memory.claimed) == (None, (), False)
    assert (reconciliation.memory.fence_state.claimed_at, reconciliation.memory.fence_state.never_sent) == (None, False)


@pytest.mark.parametrize(
    ("mine", "told", "owner", "asked"),
    [
        pytest.param(job_body, False, THEIRS.uid, ["GET"], id="whoever would submit asks the API server"),
        pytest.param(job_body, True, THEIRS.uid, [], id="whoever is to wait asks nobody"),
        pytest.param(lambda spec: claimed_body(claim(), spec), True, UID, ["GET"], id="whoever has a claim asks again"),
    ],
)
async def test_whose_a_key_is(scene: Scene, mine: Any, *, told: bool, owner: str, asked: list[str]) -> None:
    """The oldest object's without a claim; memory is enough to wait."""
    older = job_body({"idempotencyKey": "k"}, name=THEIRS.name, uid=OTHER_UID, creationTimestamp="2026-11-22T11:00:00Z")
    reconciliation = scene.reconcile(mine({"idempotencyKey": "k"}))
    scene.cluster.objects[THEIRS.name] = older
    if told:
        scene.knows(older)
    await scene.submitter.check_key(reconciliation)
    assert isinstance(reconciliation.seen.key_owner, KeyOwner)
    assert (reconciliation.seen.key_owner.uid, scene.cluster.asked) == (owner, asked)


@pytest.mark.parametrize(
    ("known", "last"), [((1,), 1), ((1, 2, 3), 3)], ids=["there is none", "the service knows two more"]
)
async def test_attempts_after_the_one_that_was_found(scene: Scene, known: tuple[int, ...], last: int) -> None:
    """The last one is claimed, and what was asked of an earlier one is over."""
    reconciliation = scene.reconcile(claimed_body(claim()), remote=remote())
    reconciliation.memory.asked_at = 5.0
    scene.service.jobs = {identity(attempt) for attempt in known}
    await scene.submitter.find_last_attempt(reconciliation)
    assert reconciliation.job.claim == replace(claim(), attempt=last)
    assert isinstance(reconciliation.seen.remote, RemoteJob)
    assert (reconciliation.seen.remote.id, reconciliation.seen.job_id) == (identity(last), identity(last))
    assert (reconciliation.seen.later_attempts_checked, scene.puts) == (True, [])
    assert scene.cluster.asked == (["PATCH"] if last > 1 else [])
    assert (reconciliation.memory.asked_at, reconciliation.memory.fence_state.acknowledged) == (
        (None, last) if last > 1 else (5.0, None)
    )


async def test_without_an_output_format_there_is_nothing_to_send() -> None:
    """Whoever asks all the same is told that nothing was sent."""
    job = parse_job(job_body({"provider": "nobody", "target": "nowhere", "program": {"format": "x", "source": ""}}))
    with pytest.raises(Retryable, match="no output format"):
        definition_of(job, identity(), ProgramFacts("sha256:0"), cluster="", sender={})
