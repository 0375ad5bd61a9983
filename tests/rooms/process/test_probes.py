"""What /healthz may tell to whoever reaches the port, and what only the log does."""

import logging
from types import SimpleNamespace
from typing import Any, Final

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.watch import Watch
from quantumjob_operator.metrics import OTHERS, Metrics
from quantumjob_operator.probes import Probes, Standstill, unnamed
from quantumjob_operator.scheduling.work_queue import WorkQueue
from quantumjob_operator.settings import Settings

UNASKED: Final[Any] = SimpleNamespace(pollers=list)

_AGES = {"watch": 1.26, "leadership": 0.5, "poller merger/default": 3.0, "poller research/default": 90.0}


def test_answer_names_no_workspace() -> None:
    """Of all pollers it has the slowest one's age."""
    assert unnamed(_AGES) == {"watch": 1.3, "leadership": 0.5, "slowestPoller": 90.0}


def test_answer_without_a_workspace_has_no_poller() -> None:
    """Nothing is polled before the first job was accepted."""
    assert unnamed({"watch": 1.0}) == {"watch": 1.0}


def test_log_names_the_loop_that_stands_still_once(caplog: pytest.LogCaptureFixture) -> None:
    """The kubelet asks every few seconds; it is named again after it turned in between."""
    standstill = Standstill(60)
    moving = _AGES | {"poller research/default": 2.0}
    with caplog.at_level(logging.ERROR):
        assert [standstill.observe(ages) for ages in (_AGES, _AGES, moving, _AGES)] == [False, False, True, False]
    assert [record.getMessage() for record in caplog.records] == [
        "not turned for more than 60 seconds: poller research/default"
    ] * 2


def made(workspaces: Any) -> Probes:
    """Probes of a process that has begun nothing, a long time after the machine's start."""
    clock, cache = Clock(lambda: 1e6), Cache()
    queue: WorkQueue[str] = WorkQueue(clock.monotonic)
    watch = Watch(cache, UNASKED, queue, Settings(), clock)
    assert watch.beat_at is None
    return Probes(
        watch=watch,
        leadership=None,
        workspaces=workspaces,
        metrics=Metrics(),
        clock=clock,
        workqueue_depth=lambda: 0,
        crd_outdated=lambda: False,
        request_seconds=30,
    )


async def test_what_has_not_begun_does_not_stand_still() -> None:
    """The machine's clock may have run for weeks when the process starts, or when a standby becomes the leader."""
    probes = made(UNASKED)
    port = await probes.open("127.0.0.1", 0, None)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/healthz")
    await probes.close()
    assert (answer.status_code, answer.json()["secondsSinceTurn"]) == (200, {})


@pytest.mark.parametrize(
    ("mallorys", "seen", "oldest"),
    [
        pytest.param(900, 900, None, id="as many as there may be"),
        pytest.param(3_000, 900, 2_100, id="one namespace has too many of them"),
    ],
)
async def test_polled_workspaces_are_no_unbounded_series(mallorys: int, seen: int, oldest: int | None) -> None:
    """A thousand: each namespace's are seen, those first that answered least lately; the rest are one together."""
    ages = {f"mallory/w-{number}": float(number + 1) for number in range(mallorys)}
    ages |= {f"team-{number}/shared": 1.0 for number in range(100)}
    pollers = [SimpleNamespace(name=name, answered_at=1e6 - age) for name, age in ages.items()]
    probes = made(SimpleNamespace(pollers=lambda: pollers))
    port = await probes.open("127.0.0.1", 0, None)
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    await probes.close()
    families = {one.name: one for one in text_string_to_metric_families(text)}
    found = {tuple(one.labels.values()): one.value for one in families["quantumjob_poll_age_seconds"].samples}
    rest = found.pop((OTHERS, OTHERS), None)
    assert rest == oldest
    newest = sorted(range(mallorys), reverse=True)[:seen]
    wanted = {("mallory", f"w-{number}"): number + 1.0 for number in newest}
    assert found == wanted | {(f"team-{number}", "shared"): 1.0 for number in range(100)}
