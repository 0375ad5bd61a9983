"""Two processes that know different things of why a job waits: neither of them writes without end."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.controller.status_writer import StatusWriter
from quantumjob_operator.lifecycle.decision import hold
from quantumjob_operator.lifecycle.doubts import SUBMISSION_UNCONFIRMED
from quantumjob_operator.lifecycle.slots import FULL
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import ErrorShown
from quantumjob_operator.model.quantumjob import parse_job
from rooms.controller.submitting import Parts, Scene
from rooms.controller.test_status_writer import writer
from rooms.lifecycle.observations import seen
from rooms.model.bodies import job_body

pytestmark = pytest.mark.asyncio(loop_scope="module")
MINUTES: Final = 60.0


@dataclass
class Process:
    """One that says why the job waits, as it knows it, whenever it looks."""

    scene: Scene
    status: StatusWriter
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        """It has not looked yet."""
        self.memory = Memory(parse_job(self.scene.cluster.objects["bell"]))

    async def says(
        self, message: str, reason: str = FULL, error: ErrorShown | None = None
    ) -> tuple[bool, float | None]:
        """Whether that is written, and when it looks again."""
        job, before = parse_job(self.scene.cluster.objects["bell"]), version(self.scene)
        context = ReconcileContext(seen(job), self.memory, None, job.status, self.scene.objects)
        held = hold(seen(job), reason, message, again=3600.0)
        decision = await self.status.write(context, replace(held, status=replace(held.status, error=error)))
        return version(self.scene) != before, decision.again


def version(scene: Scene) -> Any:
    """Of the object."""
    return scene.cluster.objects["bell"]["metadata"]["resourceVersion"]


@pytest.fixture
def two(parts: Parts) -> tuple[Scene, Process, Process]:
    """An API server with a job, and two processes."""
    scene = Scene.of(*parts)
    scene.cluster.objects["bell"] = job_body()
    first, second = (Process(scene, writer(scene, parts[0])) for _ in range(2))
    return scene, first, second


async def test_another_process_s_words_are_left_for_some_minutes(two: tuple[Scene, Process, Process]) -> None:
    """Each version is news for the other one, and each would answer with its own as fast as the API server takes it."""
    scene, first, second = two
    assert await first.says("after 3 others") == (True, 3600.0)
    assert await second.says("after 5 others") == (True, 3600.0)
    assert await first.says("after 3 others") == (False, 10 * MINUTES)
    assert await first.says("after 2 others") == (False, 10 * MINUTES)
    assert await second.says("after 5 others") == (False, 3600.0)
    scene.now += 10 * MINUTES
    assert await first.says("after 2 others") == (True, 3600.0)
    assert await second.says("after 5 others") == (False, 10 * MINUTES)


async def test_another_reason_is_said_at_once(two: tuple[Scene, Process, Process]) -> None:
    """Something has happened."""
    _, first, second = two
    await first.says("after 3 others")
    await second.says("after 5 others")
    assert await first.says("20 USD left", "BudgetExceeded") == (True, 3600.0)


async def test_its_own_words_are_renewed_at_once(two: tuple[Scene, Process, Process]) -> None:
    """Nobody contradicts it."""
    _, first, _ = two
    assert await first.says("after 3 others") == (True, 3600.0)
    assert await first.says("after 2 others") == (True, 3600.0)


@pytest.mark.parametrize("whose", ["first", "second"])
async def test_what_is_doubted_is_always_said(two: tuple[Scene, Process, Process], whose: str) -> None:
    """Whoever comes after a crash knows it from there."""
    _, first, second = two
    reasons = (SUBMISSION_UNCONFIRMED, FULL) if whose == "first" else (FULL, SUBMISSION_UNCONFIRMED)
    await first.says("of the first", reasons[0])
    await second.says("of the second", reasons[1])
    assert await first.says("of the first", reasons[0]) == (True, 3600.0)


async def test_a_service_s_words_that_differ_each_time_are_not_written_in_turn(
    two: tuple[Scene, Process, Process],
) -> None:
    """It tells a time, or the id of a request; another code is news, and so are one's own words."""
    _, first, second = two
    errors = (ErrorShown(code, f"RequestId: {number}") for number, code in enumerate("AAAAAB"))
    turns = (first, second, first, second, first, first)
    written = [(await each.says("no answer", error=next(errors)))[0] for each in turns]
    assert written == [True, True, False, True, False, True]


async def test_what_the_api_server_refused_is_not_said_any_longer_than_it_does(
    two: tuple[Scene, Process, Process],
) -> None:
    """Those were this process's own words."""
    scene, first, _ = two
    assert (await first.says("after 3 others"))[0]
    job = parse_job(scene.cluster.objects["bell"])
    context = ReconcileContext(seen(job), first.memory, None, job.status, scene.objects)
    await first.status.refused(context, ClusterError("PATCH quantumjobs", 403, "Forbidden", "no claims today"))
    assert condition_reason(scene) == "WriteRefused"
    assert (await first.says("after 3 others"))[0]
    assert condition_reason(scene) == FULL


def condition_reason(scene: Scene) -> str | None:
    """Why it is not submitted."""
    told = parse_job(scene.cluster.objects["bell"]).status.condition(Kind.SUBMITTED)
    return told.reason if told else None
