"""Reservations that no reconciliation settles: when somebody else asks, and what follows from the answer."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import pytest

from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.budget_sweep import Abandonment, BudgetSweep
from quantumjob_operator.controller.settlement import Settlement
from quantumjob_operator.lifecycle import Notice
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.jobstatus import JobStatus
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.naming import place_digest
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.reservation import Reservation
from quantumjob_operator.settings import Settings
from rooms.budgets.values import NOW, budget
from rooms.lifecycle.observations import accepted, claimed, identity, remote
from rooms.model.bodies import UID, workspace

HELD: Final = Reservation(
    identity(), "research", "bell", UID, "shared", stamp(NOW - timedelta(hours=1)), amounts=(Amount("USD", "97.5"),)
)
NEW: Final = replace(HELD, reserved_at=stamp(NOW))
AWAITED: Final = replace(HELD, ended_at=stamp(NOW - timedelta(minutes=30)))
HERE: Final = workspace().place
"""Where the QuantumWorkspace leads to."""
ELSEWHERE: Final = place_digest(workspace().id, "https://elsewhere.example")
SUSPENDED: Final = accepted(spec={"suspend": True})
NEVER_SENT: Final = claimed(status=JobStatus(job_id=identity(), attempt=1), spec={"suspend": True})


@dataclass
class Scene:
    """A service that has this of the job, and ledgers that take note of changes.

    Attributes:
        takes: Seconds until it answers.
        refuses: The API server refuses the credential.
        events: The reasons of what is told.
    """

    has: RemoteJob | None = None
    takes: float = 0.0
    refuses: bool = False
    events: list[str] = field(default_factory=list)
    now: float = 0.0
    asked: list[str] = field(default_factory=list)
    changes: list[Any] = field(default_factory=list)

    def on_behalf(self, _namespace: str, *, cancelling: bool) -> "Scene":
        """Whoever asks is answered."""
        assert not cancelling
        return self

    async def get(self, of: Any) -> Connection:
        """As the connections'."""
        if self.refuses:
            raise ClusterError("GET secrets", 403, "Forbidden", "the operator may not read it")
        return Connection(of, self)  # type: ignore[arg-type]

    async def get_job(self, job_id: str) -> RemoteJob | None:
        """As the client's."""
        self.asked.append(job_id)
        self.now += self.takes
        return self.has

    async def change(self, _uid: str, change: Any) -> None:
        """As the ledgers'."""
        self.changes.append(change)

    async def publish(self, _reference: Any, notice: Notice, _now: Any, *, once: bool) -> None:
        """As the Events'."""
        assert once
        self.events.append(notice.reason)

    def sweeping(self, cache: Cache) -> BudgetSweep:
        """One operator's."""
        clock = Clock(lambda: self.now, lambda: NOW + timedelta(seconds=self.now))
        parts = {"ledgers": self, "connections": self, "events": self}
        return BudgetSweep(cache=cache, settings=Settings(), clock=clock, **parts)  # type: ignore[arg-type]

    async def sweep(self, entry: Reservation, job: QuantumJob | None) -> None:
        """Look at the reservations of a budget that has this one."""
        cache, usual = Cache(), budget()
        cache.put_workspace(workspace(namespace=usual.namespace, name="shared"))
        if job:
            cache.put_job(job)
        one = replace(usual, status=replace(usual.status, reservations=(entry,)))
        cache.put_budget(one)
        await self.sweeping(cache).sweep(one)


@pytest.mark.parametrize(
    ("entry", "job", "kind"),
    [
        pytest.param(NEW, claimed(), None, id="a job that is about to be sent"),
        pytest.param(HELD, accepted(), None, id="a job that is under way"),
        pytest.param(HELD, SUSPENDED, Settlement, id="a suspended job that the service has lost"),
        pytest.param(HELD, NEVER_SENT, Abandonment, id="one that was deleted before it was sent, and suspended then"),
        pytest.param(HELD, claimed(), Abandonment, id="a claim that led to nothing: users write claims"),
        pytest.param(HELD, claimed(attempt=2), Abandonment, id="a claim of another attempt"),
        pytest.param(NEW, None, None, id="an object that has just gone"),
        pytest.param(HELD, None, Abandonment, id="an object that is gone, and of which nothing was sent"),
        pytest.param(AWAITED, None, Settlement, id="an object that is gone, of a job that had begun"),
        pytest.param(AWAITED, claimed(), Settlement, id="a status that was lost, of a job that had begun"),
    ],
)
async def test_what_follows_where_the_service_has_no_such_job(
    entry: Reservation, job: QuantumJob | None, kind: type | None
) -> None:
    """Nothing is kept for what can't be sent any more, and nothing is forgotten that may have cost something."""
    scene = Scene()
    await scene.sweep(entry, job)
    assert [type(one) for one in scene.changes] == ([kind] if kind else [])
    settled = [one for one in scene.changes if isinstance(one, Settlement)]
    assert all(one.ended.began and one.ended.bill is None for one in settled)


@pytest.mark.parametrize(
    ("fields", "released"),
    [
        pytest.param({"place": HERE}, True, id="it leads to where the reservation was made for"),
        pytest.param({"place": ELSEWHERE}, False, id="it leads elsewhere"),
        pytest.param({}, True, id="the reservation does not tell"),
    ],
)
async def test_a_workspace_that_was_created_anew_is_believed_where_it_leads_to_the_same(
    fields: dict[str, Any], *, released: bool
) -> None:
    """Else what was set aside for a job that was never sent would stand for a week, and count as spent then."""
    scene = Scene()
    await scene.sweep(replace(HELD, **fields), None)
    assert [type(one) for one in scene.changes] == ([Abandonment] if released else [])
    assert scene.events == ([] if released else ["SpendingUnconfirmed"])


async def test_a_service_that_hangs_is_asked_for_few_at_a_time() -> None:
    """Who waits for what others release would be told after ten minutes; the others are asked for at the next looks."""
    scene, cache = Scene(takes=2.5), Cache()
    cache.put_workspace(workspace(namespace=budget().namespace, name="shared"))
    entries = tuple(replace(HELD, job_id=f"job-{number}", uid=f"uid-{number}") for number in range(6))
    one = budget()
    one = replace(one, status=replace(one.status, reservations=entries))
    cache.put_budget(one)
    sweep = scene.sweeping(cache)
    for number in (2, 4, 6, 6):
        await sweep.sweep(one)
        assert scene.asked == [f"job-{each}" for each in range(number)]


async def test_that_a_job_is_not_there_is_believed_as_of_the_question() -> None:
    """A process that stands still for an hour has heard nothing of what others have sent meanwhile."""
    scene = Scene(takes=3600.0)
    await scene.sweep(NEW, None)
    assert (len(scene.asked), scene.changes) == (1, [])


async def test_each_budget_asks_for_itself() -> None:
    """One that another has asked before would learn of the bill a day later, or after it has given up."""
    scene, cache = Scene(), Cache()
    cache.put_workspace(workspace(namespace=budget().namespace, name="shared"))
    sweep = scene.sweeping(cache)
    for name in ("research", "department"):
        one = budget()
        one = replace(one, name=name, uid=name, status=replace(one.status, reservations=(AWAITED,)))
        cache.put_budget(one)
        await sweep.sweep(one)
        await sweep.sweep(one)
    assert len(scene.asked) == 2


async def test_a_credential_that_is_refused_is_trouble_of_one_workspace() -> None:
    """The job can't be asked for; the budget goes on for all others."""
    scene = Scene(refuses=True)
    await scene.sweep(HELD, None)
    assert (scene.changes, scene.events) == ([], ["SpendingUnconfirmed"])


async def test_a_job_that_was_cancelled_after_it_began_awaits_its_bill() -> None:
    """The service does not show that it began."""
    scene = Scene(remote("Cancelled"))
    await scene.sweep(AWAITED, None)
    (settled,) = scene.changes
    assert (settled.ended.began, settled.ended.bill) == (True, None)
