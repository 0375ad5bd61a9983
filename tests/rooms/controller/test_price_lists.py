"""Price lists: whoever waits because of one is woken by the next one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.references import BrokenReferenceError
from quantumjob_operator.controller import workspace_reconciler
from quantumjob_operator.controller.price_lists import PriceLists
from quantumjob_operator.controller.workspace_reconciler import WorkspaceReconciler
from quantumjob_operator.controller.workspace_status import Offer
from quantumjob_operator.model.money import Basis, Estimate
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace, parse_workspace
from quantumjob_operator.scheduling.shared_waits import measuring_waits
from quantumjob_operator.settings import Settings
from rooms.lifecycle.observations import NOW
from rooms.model.bodies import job, workspace, workspace_body

LIST: Final = """
asOf: "2025-09-17"
targets:
- {target: ionq.qpu.aria-1, model: Free}
"""
OTHER: Final = LIST.replace("qpu.aria-1", "simulator")
GONE: Final = BrokenReferenceError("PriceListUnreadable", "there is no ConfigMap prices")
DOWN: Final = ClusterError("GET configmaps", None, "Timeout", "no answer")


@dataclass
class Lab:
    """A ConfigMap, the time, and what reads the one."""

    text: str | Exception = LIST
    now: float = 0.0
    reads: int = 0
    seconds: float = 0.0
    lists: PriceLists = field(init=False)

    def __post_init__(self) -> None:
        """Nothing was read yet."""
        self.lists = PriceLists(self, Clock(lambda: self.now, lambda: NOW))  # type: ignore[arg-type]

    async def prices(self, _namespace: str, _name: str) -> str:
        """As the references'."""
        self.reads += 1
        self.now += self.seconds
        await asyncio.sleep(0)
        if isinstance(self.text, Exception):
            raise self.text
        return self.text

    async def estimate(self, of: QuantumWorkspace, bought: str = "") -> Any:
        """What a job would be told."""
        return await self.lists.estimate(of, job(), b"{}", {}, bought)


def naming(name: str | None = "prices") -> QuantumWorkspace:
    """A QuantumWorkspace with this price list."""
    return workspace({"pricesRef": {"name": name}} if name else {})


@pytest.mark.parametrize(
    ("waits_by", "found", "news"),
    [
        pytest.param(LIST, LIST, False, id="the same"),
        pytest.param(LIST, OTHER, True, id="another one"),
        pytest.param(GONE, LIST, True, id="one where there was none"),
        pytest.param(LIST, GONE, True, id="it is gone"),
    ],
)
async def test_a_list_that_is_not_the_one_jobs_wait_by_is_news(
    waits_by: str | Exception, found: str | Exception, *, news: bool
) -> None:
    """Once, and what was read in the half minute before does not hide it."""
    lab = Lab(waits_by)
    await lab.estimate(naming())
    lab.text = found
    assert [await lab.lists.is_news(naming()), await lab.lists.is_news(naming())] == [news, False]


async def test_a_list_that_was_another_one_for_a_moment_is_news() -> None:
    """It was mended, or rolled back, before anybody looked; who asked meanwhile waits by what it said."""
    lab = Lab()
    await lab.estimate(naming())
    for text, now in ((OTHER, 60.0), (LIST, 120.0)):
        lab.text, lab.now = text, now
        await lab.estimate(naming())
    assert [await lab.lists.is_news(naming()), await lab.lists.is_news(naming())] == [True, False]


async def test_a_job_that_was_told_the_newer_list_does_not_hide_it_from_the_others() -> None:
    """These wait by the former one."""
    lab = Lab()
    await lab.estimate(naming())
    lab.text, lab.now = OTHER, 60.0
    told = await lab.estimate(naming())
    assert isinstance(told, Estimate)
    assert told.basis is Basis.FREE
    assert await lab.lists.is_news(naming())


async def test_what_a_waiting_job_costs_is_counted_once() -> None:
    """Until it is another job, or another list."""
    lab, told = Lab(), []
    for bought, text in (("a", LIST), ("a", LIST), ("b", LIST), ("a", OTHER), ("", OTHER), ("", OTHER)):
        lab.text, lab.now = text, lab.now + 60.0
        told.append(await lab.estimate(naming(), bought))
    assert told[0] is told[1]
    assert len({id(one) for one in told}) == 5
    assert told[2].basis is told[0].basis is not told[3].basis


async def test_a_list_that_stays_as_it_is_is_not_parsed_again() -> None:
    """Its text is read twice a minute."""
    lab, found = Lab(), []
    for text in (LIST, LIST, OTHER):
        lab.text, lab.now = text, lab.now + 60.0
        await lab.estimate(naming())
        found.append(lab.lists._kept["research", "prices"][1])
    assert lab.reads == 3
    assert found[0] is found[1] is not found[2]


async def test_who_reads_another_list_has_nobody_s_thrown_away() -> None:
    """Nor is one read by each of those who need it at the same time."""
    lab = Lab()
    (own,), (other,) = listed("platform", 1), listed("mallory", 2)
    await lab.estimate(own)
    for _ in range(3):
        lab.now += 31
        await lab.estimate(other)
        before = lab.reads
        parsed = {id(one[1]) for one in lab.lists._kept.values()}
        await asyncio.gather(*(lab.estimate(own) for _ in range(32)))
        assert lab.reads - before <= 2
        assert {id(one[1]) for one in lab.lists._kept.values()} == parsed


@pytest.mark.parametrize(
    ("worker", "waited"),
    [
        pytest.param("research", 5.0, id="for a job of another namespace"),
        pytest.param("platform", 0.0, id="for a job of its own"),
    ],
)
async def test_a_list_that_takes_long_makes_nobody_else_slow(worker: str, waited: float) -> None:
    """Whoever reads it, for all who ask."""
    lab, (own,) = Lab(seconds=5), listed("platform", 1)
    with measuring_waits(worker) as waits:
        await lab.estimate(own)
    assert waits.seconds == waited


async def test_naming_a_list_is_news() -> None:
    """Also where there was none; not when the first job asks."""
    lab = Lab()
    assert not await lab.lists.is_news(naming(None))
    assert await lab.lists.is_news(naming())
    lab.lists.forget(naming().uid)
    assert not await lab.lists.is_news(naming())


def listed(namespace: str, *names: int) -> list[QuantumWorkspace]:
    """QuantumWorkspaces of a namespace, one for each list."""
    return [
        workspace({"pricesRef": {"name": f"p{one}"}}, namespace=namespace, uid=f"{namespace}{one}") for one in names
    ]


@pytest.mark.parametrize(
    ("before", "again"),
    [
        pytest.param(listed("a", *range(8)), 0, id="as many of a namespace as are kept"),
        pytest.param(listed("a", *range(9)), 1, id="one more of this namespace: the first is read again"),
        pytest.param(listed("a", 0) + listed("b", *range(100)), 0, id="many of another namespace are its own affair"),
        pytest.param([one for ns in "abcd" for one in listed(ns, *range(8))], 0, id="as many of all as are kept"),
        pytest.param([one for ns in "abcde" for one in listed(ns, *range(8))], 1, id="more of all: the first goes"),
        pytest.param(listed("a", 0, *range(1, 200)), 1, id="many of a namespace"),
    ],
)
async def test_so_many_lists_are_kept(before: list[QuantumWorkspace], again: int) -> None:
    """For half a minute, in which each worker may read some; what goes first is what was read first."""
    lab = Lab()
    for one in before:
        await lab.estimate(one)
    assert len(lab.lists._kept) <= 32
    read = lab.reads
    await lab.estimate(before[-1])
    assert lab.reads == read
    await lab.estimate(before[0])
    assert lab.reads - read == again


@dataclass
class Parts:
    """What a reconciler of QuantumWorkspaces needs beside the lists; all of it is well."""

    woken: list[str] = field(default_factory=list)

    def add(self, uid: str) -> None:
        """As the queue's."""
        self.woken.append(uid)

    def jobs_of(self, _name: Any) -> list[Any]:
        """As the workspaces'."""
        return [job()]

    def referenced(self, _job: Any) -> tuple[str, str]:
        """As the workspaces'."""
        return naming().key

    async def refresh(self, _workspace: Any) -> Any:
        """As the connections'."""
        return self

    async def write_workspace_status(self, of: QuantumWorkspace, status: dict[str, Any]) -> QuantumWorkspace:
        """As the objects'."""
        newer = {"resourceVersion": str(int(of.resource_version) + 1)}
        return parse_workspace(workspace_body({"pricesRef": {"name": "prices"}}, **newer) | {"status": status})

    def list_trouble(self, _uid: str) -> None:
        """None."""

    async def publish(self, *_args: Any) -> None:
        """As the Events'."""

    client = None

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        """Whatever else is called is of no importance here."""
        return lambda *_args, **_more: None


@pytest.mark.parametrize(
    ("found", "woken"),
    [
        pytest.param(LIST, 0, id="the same list"),
        pytest.param(OTHER, 1, id="another list"),
        pytest.param(DOWN, 0, id="the API server does not answer"),
    ],
)
async def test_who_waits_is_woken_when_the_list_is_mended(
    found: str | Exception, woken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else would look at a job whose cost was not known."""

    async def asked(*_args: Any) -> Offer:
        return Offer()

    monkeypatch.setattr(workspace_reconciler, "ask_offer", asked)
    lab, parts, cache = Lab(), Parts(), Cache()
    cache.put_workspace(naming())
    cache.put_job(job())
    names = ("objects", "events", "connections", "workspaces", "limiter", "quotas", "queue", "metrics")
    played: Any = dict.fromkeys(names, parts)
    clock = Clock(lambda: lab.now, lambda: NOW)
    reconciler = WorkspaceReconciler(cache=cache, prices=lab.lists, settings=Settings(), clock=clock, **played)
    await lab.estimate(naming())
    await reconciler.reconcile(naming().uid)  # it becomes ready, which wakes them, too
    parts.woken.clear()
    lab.text = found
    await reconciler.reconcile(naming().uid)
    assert parts.woken == [job().uid] * woken
