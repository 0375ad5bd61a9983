"""What is learnt of the installed CRDs from what the API server keeps of a status."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.controller.finalization import Finalization
from quantumjob_operator.controller.status_writer import StatusWriter
from quantumjob_operator.lifecycle import Action, Decision
from quantumjob_operator.model.jobstatus import AttemptShown, CostShown, JobStatus, Resolved, parse_status
from rooms.controller.submitting import Change, Parts, Scene, claimed_body
from rooms.lifecycle.observations import HOLDER, NOW, claim
from rooms.model.bodies import Body

WANTED = JobStatus(
    job_id="j",
    attempt=2,
    attempts=(AttemptShown(1, "i", "Failed"), AttemptShown(2, "j", "Failed", cost=CostShown("1", "USD"))),
    output_uri="https://storage/a",
    resolved=Resolved("bell", "f", program_digest="sha256:0"),
)
pytestmark = pytest.mark.asyncio(loop_scope="module")


def writer(scene: Scene, api: Any) -> StatusWriter:
    """The operator's own."""
    events, clock = Events(api, HOLDER), Clock(lambda: scene.now, lambda: NOW)
    finalization = Finalization(
        objects=scene.objects,
        events=events,
        cache=scene.cache,
        wake=lambda _: None,
        referenced=lambda job: (job.namespace, "default"),
        clock=clock,
        metrics=scene.metrics,
    )
    return StatusWriter(cache=scene.cache, finalization=finalization, metrics=scene.metrics, clock=clock)


async def write(scene: Scene, status: StatusWriter, wanted: JobStatus) -> None:
    """Write a status to the object as it is."""
    body = scene.cluster.objects.get("bell") or claimed_body(claim())
    await status.write(scene.reconcile(body), Decision(action=Action.NONE, status=wanted))


def with_text_changed(body: Body) -> None:
    """As an API server stores half a surrogate pair."""
    body["status"]["outputUri"] = "https://storage/\ufffd"


def with_entry_added(body: Body) -> None:
    """As somebody with rights to write status may."""
    body["status"]["conditions"] = [{"type": "Theirs", "status": "True", "reason": "Theirs"}]


def without_elements(body: Body) -> None:
    """A list that is shorter is another value; what is left of it has all its fields."""
    del body["status"]["attempts"][0]


def without_field(body: Body) -> None:
    """As an older schema."""
    body["status"].pop("outputUri", None)


def without_inner_field(body: Body) -> None:
    """As a schema that knows the object and not all of its fields."""
    del body["status"]["resolved"]["programDigest"]


def without_field_of_elements(body: Body) -> None:
    """The same in a list."""
    for attempt in body["status"]["attempts"]:
        attempt.pop("cost", None)


@pytest.mark.parametrize(
    ("stores", "outdated"),
    [
        pytest.param(lambda _: None, False, id="all of it is kept"),
        pytest.param(with_text_changed, False, id="a text is kept as another one"),
        pytest.param(with_entry_added, False, id="something is there that nobody wrote"),
        pytest.param(without_elements, False, id="a list is kept as another one"),
        pytest.param(without_field, True, id="a field is dropped"),
        pytest.param(without_inner_field, True, id="a field of an object is dropped"),
        pytest.param(without_field_of_elements, True, id="a field of a list's elements is dropped"),
    ],
)
async def test_only_a_field_that_is_dropped_shows_that_the_crds_are_old(
    scene: Scene, parts: Parts, stores: Change, *, outdated: bool
) -> None:
    """A value that differs is one job's matter; it must not keep everybody's jobs from being sent."""
    scene.cluster.stores, status = stores, writer(scene, parts[0])
    await write(scene, status, WANTED)
    assert status.crd_outdated is outdated


async def test_once_the_crds_are_upgraded_the_next_write_shows_it(scene: Scene, parts: Parts) -> None:
    """No restart is needed; a write that says nothing of the field shows nothing."""
    scene.cluster.stores, status = without_field, writer(scene, parts[0])
    await write(scene, status, WANTED)
    await write(scene, status, replace(parse_status(scene.cluster.objects["bell"]["status"]), attempt=3))
    assert status.crd_outdated
    scene.cluster.stores = lambda _: None
    await write(scene, status, WANTED)
    assert not status.crd_outdated
