"""Pollers that have nothing to do rest, and whatever brings something to do ends it; in virtual time."""

import asyncio
import math
from collections.abc import Callable
from functools import partial
from typing import Final

import pytest

from quantumjob_operator.azure.poller import Poller
from quantumjob_operator.azure.rest import LONGEST, Rest
from quantumjob_operator.model.errors import CredentialsRefused, Retryable
from rooms.azure.polled import News, as_client, make_poller, now, polling
from rooms.azure.service import Service

pytestmark = pytest.mark.looptime(noop_cycles=3)

HOUR: Final = 3600
DOWN: Final = Retryable("get_job", status=503, detail="down")
REFUSED: Final = CredentialsRefused("get_job", status=401, detail="no")


@pytest.mark.parametrize(
    ("due", "stirred", "ends"),
    [
        pytest.param(-5, None, 0.25, id="something is due already: a tick"),
        pytest.param(1, None, 1.0, id="in a while: as long as that takes"),
        pytest.param(1.1, None, 1.25, id="in whole ticks"),
        pytest.param(math.inf, None, LONGEST, id="nothing is known of: a longest time"),
        pytest.param(math.inf, 3.1, 3.1, id="what is brought meanwhile ends it"),
        pytest.param(math.inf, 0.1, 0.25, id="but not before a tick is over"),
    ],
)
async def test_for_how_long_it_rests(due: float, stirred: float | None, ends: float) -> None:
    """In seconds; once more and it is the same."""
    rest = Rest(now)
    for _ in range(2):
        began = now()
        if stirred is not None:
            asyncio.get_running_loop().call_later(stirred, rest.stir)
        await rest.until(partial(float, began + due))
        assert now() - began == pytest.approx(ends)


@pytest.mark.parametrize(
    ("jobs", "broken"),
    [
        pytest.param([], {}, id="no job"),
        pytest.param([48 * HOUR], {}, id="an old job"),
        pytest.param([0, HOUR], {"": DOWN}, id="a service that is down"),
    ],
)
async def test_who_has_nothing_to_do_turns_rarely(
    jobs: list[float], broken: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of QuantumWorkspaces have one each; probes see all the same that it goes on."""
    turns, sweep = 0, Poller.sweep

    async def counted(self: Poller) -> None:
        nonlocal turns
        turns += 1
        await sweep(self)

    monkeypatch.setattr(Poller, "sweep", counted)
    poller = make_poller(Service({f"{age}": "Waiting" for age in jobs}, broken=broken), News())
    async with polling(poller):
        for age in jobs:
            poller.watch(f"uid-{age}", f"{age}", "Waiting", age=age)
        await asyncio.sleep(HOUR)
        assert now() - poller.beat_at <= LONGEST
    assert turns < 2 * HOUR / LONGEST


@pytest.mark.parametrize(
    ("bring", "broken", "within"),
    [
        pytest.param(lambda poller, _: poller.watch("uid-b", "b", "Waiting"), {}, 1.5, id="another job"),
        pytest.param(lambda poller, _: poller.watch("uid-a", "a", "Executing"), {}, 2.0, id="a job is young again"),
        pytest.param(lambda poller, other: poller.use(as_client(other)), {"": REFUSED}, 0.5, id="another credential"),
    ],
)
@pytest.mark.parametrize("at", [pytest.param(100 + tick / 8, id=f"{tick}/8") for tick in range(3)])
async def test_what_brings_something_to_do_ends_its_rest(
    bring: Callable[[Poller, Service], None], broken: dict[str, Exception], within: float, at: float
) -> None:
    """As soon as without any rest."""
    service, other = (Service({"a": "Waiting", "b": "Waiting"}, broken=wrong) for wrong in (broken, {}))
    poller = make_poller(service, News(), poll_min_seconds=1, poll_max_seconds=60)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting", age=HOUR)
        await asyncio.sleep(at)
        before = len(service.asked) + len(other.asked)
        bring(poller, other)
        await asyncio.sleep(within)
        assert len(service.asked) + len(other.asked) > before
