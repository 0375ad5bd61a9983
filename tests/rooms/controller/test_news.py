"""News that wait for a reconciliation: there is so much room for them, and nothing is left of jobs that are gone."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.news import KEPT_BYTES, KeptNews
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.reconciler import Reconciler
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.remotejob import RemoteError, RemoteJob
from quantumjob_operator.settings import Settings
from rooms.lifecycle.observations import NOW, remote
from rooms.model.bodies import job

LONG = replace(remote("Failed"), error=RemoteError("c", "m" * 12_000))
TOO_LONG = replace(remote("Failed"), error=RemoteError("c", "m" * 17_000))


def filled(*namespaces: str) -> tuple[KeptNews, list[int]]:
    """What is kept when these have had a thousand long pieces of news each, and how many of each are."""
    kept = KeptNews()
    for namespace in namespaces:
        for number in range(1000):
            kept.put(f"{namespace}-{number}", namespace, LONG, "w")
    return kept, [sum(f"{one}-{number}" in kept._kept for number in range(1000)) for one in namespaces]


@pytest.mark.parametrize(
    ("namespaces", "shares"),
    [
        pytest.param("a", [0.4375], id="one alone has nearly half of the room"),
        pytest.param("ab", [0.4375, 0.21875], id="the next one half of the rest"),
        pytest.param("abcdefghij", [0.4375, 0.21875, 0.109], id="ten of them have no more than there is"),
    ],
)
def test_news_that_wait_have_so_much_room(namespaces: str, shares: list[float]) -> None:
    """Long ones of thousands of jobs take no more; whose are not kept is asked for."""
    kept, numbers = filled(*namespaces)
    assert [one * LONG.size / KEPT_BYTES for one in numbers[:3]] == pytest.approx(shares, rel=0.1)
    assert sum(numbers) * LONG.size < KEPT_BYTES
    kept.put("other", "other", LONG, "w")
    assert kept.take("other")


@pytest.mark.parametrize(
    ("put", "found"),
    [
        pytest.param([remote("Waiting"), remote("Failed")], remote("Failed"), id="the newest"),
        pytest.param([remote("Waiting"), None], None, id="none after a 404, which only a GET of one's own shows"),
        pytest.param([remote("Waiting"), TOO_LONG], None, id="none after one that is too long"),
    ],
)
def test_what_is_kept_of_a_job(put: list[RemoteJob | None], found: RemoteJob | None) -> None:
    """Once; older news are not taken for newer ones."""
    kept = KeptNews()
    for one in put:
        kept.put("uid", "ns", one, "w")
    news = kept.take("uid")
    assert (news.remote if news else None) == found
    assert kept.take("uid") is None


def test_what_is_taken_or_replaced_makes_room() -> None:
    """However often that is."""
    kept = KeptNews()
    for _ in range(2000):
        kept.put("replaced", "ns", LONG, "w")
        kept.put("taken", "ns", LONG, "w")
        assert kept.take("taken")
    assert kept.take("replaced")


@dataclass
class Parts:
    """What a reconciler needs beside what is looked at; it sees what each reconciliation begins with."""

    begun: list[bool] = field(default_factory=list)

    async def begin(self, _job: Any, memory: Memory) -> Any:
        """As the observer's; the API server does not answer."""
        self.begun.append(memory.fresh is not None)
        raise TimeoutError

    def __getattr__(self, _name: str) -> Any:
        """Whatever else is called is of no importance here."""
        return lambda *_args, **_more: None


@pytest.mark.parametrize(
    ("gone", "begun"),
    [
        pytest.param(False, [False, True, False], id="the next reconciliation has them, and no later one"),
        pytest.param(True, [False, False, False], id="none has them if the object is gone and restored"),
    ],
)
async def test_who_has_the_news(*, gone: bool, begun: list[bool]) -> None:
    """They are of a job as it was then."""
    parts, cache, one = Parts(), Cache(), job()
    names = ("objects", "finalization", "actions", "observer", "status", "workspaces", "limiter", "queue")
    played: Any = dict.fromkeys(names, parts)
    clock = Clock(lambda: 0.0, lambda: NOW)
    reconciler = Reconciler(cache=cache, settings=Settings(), clock=clock, holder="h", metrics=Metrics(), **played)
    cache.put_job(one)
    await reconciler.reconcile(one.uid)
    reconciler.learned(one.uid, remote("Failed"), through="w")
    if gone:
        cache.remove(one.uid, one)
        await reconciler.reconcile(one.uid)
        cache.put_job(replace(one, resource_version=f"1{one.resource_version}"))
    await reconciler.reconcile(one.uid)
    await reconciler.reconcile(one.uid)
    assert parts.begun == begun
