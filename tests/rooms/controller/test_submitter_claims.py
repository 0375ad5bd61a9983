"""Claims by the real submitter, over real connections: what is written, refused and renounced, and whose a key is."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.cluster.api import ClusterError, Conflict
from quantumjob_operator.controller.reconcile_context import Outdated
from quantumjob_operator.lifecycle.attempts import identify
from quantumjob_operator.lifecycle.fence import FenceState
from quantumjob_operator.lifecycle.observation import KeyOwner
from quantumjob_operator.model.jobstatus import status_json
from quantumjob_operator.model.naming import FINALIZER
from quantumjob_operator.model.quantumjob import Claim, parse_job
from quantumjob_operator.model.remotejob import RemoteJob
from rooms.controller.submitting import FENCE, START, Scene, claimed_body
from rooms.lifecycle.observations import HOLDER, RIVAL, THEIRS, WORKSPACE, claim, finished, identity, remote
from rooms.model.bodies import OTHER_UID, UID, job_body

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
