"""The poller when the service fails: whom it leaves in peace, and what it still tells."""

import asyncio
from itertools import pairwise

import pytest

from quantumjob_operator.model.errors import (
    AnswerTooLarge,
    CredentialsRefused,
    Refused,
    Retryable,
    ServiceError,
    TargetUnavailable,
    Throttled,
)
from quantumjob_operator.scheduling.backoff import BACKOFF_CAP
from rooms.azure.polled import DOWN, News, as_client, make_poller, polling
from rooms.azure.service import Service

pytestmark = pytest.mark.looptime(noop_cycles=3)
TICK = 0.25


async def test_a_failing_service_is_asked_ever_more_rarely() -> None:
    """The pause doubles up to the cap, and holds for all jobs of the workspace together."""
    service, news = Service({"a": "Waiting", "b": "Waiting", "c": "Waiting"}, broken={"": DOWN}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for name in "abc":
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(600)
        assert repr(poller.trouble) == repr(DOWN)
    gaps = [later - earlier for earlier, later in pairwise(one.at for one in service.asked)]
    for gap, pause in zip(gaps, (1, 2, 4, 8, 16, 32, BACKOFF_CAP, BACKOFF_CAP), strict=False):
        assert pause <= gap <= pause * 1.2 + TICK
    assert len(gaps) >= 8
    assert news.told == []


@pytest.mark.parametrize(
    ("error", "shortest"),
    [
        pytest.param(Throttled("get_job", status=429, retry_after=120), 120, id="throttled, longer than our own pause"),
        pytest.param(Retryable("get_job", status=503, retry_after=20), 20, id="unavailable, with a wish"),
        pytest.param(Throttled("get_job", status=429, retry_after=0), 0, id="a wish for no pause at all"),
    ],
)
async def test_the_pause_that_the_service_asks_for_makes_ours_longer(error: ServiceError, shortest: float) -> None:
    """Each time; but nobody gets a busy loop, nor one that is asked each second for ever."""
    service, news = Service({"a": "Waiting"}, broken={"": error}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        await asyncio.sleep(1000)
    gaps = [later - earlier for earlier, later in pairwise(one.at for one in service.asked)]
    assert gaps
    for gap, own in zip(gaps, (1, 2, 4, 8, 16, 32, *[BACKOFF_CAP] * len(gaps)), strict=False):
        assert max(shortest, own) <= gap <= max(shortest, own) * 1.2 + TICK


async def test_a_service_that_answers_again_is_asked_as_before() -> None:
    """The count of failures begins anew, and what was missed is told."""
    service, news = Service({"a": "Waiting"}, broken={"": DOWN}), News()
    poller = make_poller(service, news, poll_max_seconds=1)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        await asyncio.sleep(300)
        service.broken.clear()
        service.words["a"] = "Succeeded"
        await asyncio.sleep(80)
        assert news.words == [("uid-a", "Succeeded")]
        assert poller.trouble is None
        service.broken[""] = DOWN
        await asyncio.sleep(5)
        service.forget()
        service.broken.clear()
        await asyncio.sleep(20)
    assert service.count("get") > 5


async def test_an_error_of_one_job_does_not_cost_the_others_their_news() -> None:
    """The others of its batch are told, however late they come."""
    names = [f"j{number}" for number in range(6)]
    service, news = Service(dict.fromkeys(names, "Succeeded"), {}, {"j2": DOWN}, 5.0, frozenset({"j2"})), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for name in names:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(11.5)
        assert sorted(news.words) == [(f"uid-{name}", "Succeeded") for name in names if name != "j2"]
        assert poller.trouble is None, "a service that answers for the others is not down"


async def test_no_request_outlives_the_poller() -> None:
    """Neither the error of one of a batch nor the end of the poller leaves requests behind that nobody waits for."""
    names = [f"j{number}" for number in range(6)]
    service = Service(dict.fromkeys(names, "Succeeded"), {}, {"j2": DOWN}, 5.0, frozenset({"j2", ""}))
    poller, tasks = make_poller(service, News()), asyncio.all_tasks()
    async with polling(poller):
        for name in names:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(3)
        assert service.open_requests == 5
    assert service.open_requests == 0
    assert asyncio.all_tasks() == tasks


async def test_a_job_that_always_fails_does_not_keep_the_others_from_being_asked() -> None:
    """However many there are, and whatever its place among them."""
    names = [f"j{number}" for number in range(40)]
    service, news = Service(dict.fromkeys(names, "Succeeded"), broken={"j0": DOWN}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for name in names:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(600)
    assert {uid for uid, _ in news.words} == {f"uid-{name}" for name in names if name != "j0"}


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(DOWN, id="an error of the service"),
        pytest.param(Retryable("get_job"), id="no answer"),
        pytest.param(Refused("get_job", status=404), id="one that may be about the workspace"),
    ],
)
async def test_one_job_that_always_fails_ends_no_lists(error: ServiceError) -> None:
    """After a restart the ends of hundreds are learnt from them, whoever shares the workspace."""
    ended = [f"e{number}" for number in range(100)]
    running = [f"r{number}" for number in range(80)]
    words = dict.fromkeys(ended, "Succeeded") | dict.fromkeys((*running, "bad"), "Executing")
    service, news = Service(words, {"bad": None}, {"bad": error}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for name in (*ended, *running):
            poller.watch(f"uid-{name}", name, "Executing", "theirs", age=9_000.0)
        poller.watch("uid-bad", "bad", "Executing", "ours", age=9_000.0)
        await asyncio.sleep(120)
        assert {uid for uid, _ in news.words} == {f"uid-{name}" for name in ended}
        service.forget()
        await asyncio.sleep(600)
        assert service.count("list") > 5


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(AnswerTooLarge("get_job", status=200), id="its answer is too large"),
        pytest.param(Retryable("get_job", status=200), id="its answer cannot be read"),
        pytest.param(Refused("get_job", status=400), id="it is refused"),
        pytest.param(TargetUnavailable("get_job", status=409), id="its target is down"),
    ],
)
async def test_what_is_wrong_with_one_job_delays_nobody_elses_news(error: ServiceError) -> None:
    """Tenants share a workspace; the job that fails is asked about ever more rarely, and only that one."""
    service, news = Service({"bad": "Waiting", "good": "Waiting"}, {"bad": None}, {"bad": error}), News()
    poller = make_poller(service, news, poll_min_seconds=1, poll_max_seconds=5)
    async with polling(poller):
        for name in ("bad", "good"):
            poller.watch(f"uid-{name}", name, "Waiting", name)
        for _ in range(10):
            await asyncio.sleep(50)
            service.words["good"] = "Executing" if service.words["good"] == "Waiting" else "Waiting"
            told = len(news.told)
            await asyncio.sleep(7)
            assert len(news.told) == told + 1
        assert poller.trouble is None
        asked = [one.at for one in service.asked if one.job_id == "bad"]
        for gap, pause in zip(_gaps(asked), (1, 2, 4, 8, 16, 32, BACKOFF_CAP), strict=False):
            assert pause <= gap <= pause * 1.2 + TICK
        assert len(asked) < 20
        service.broken.clear()
        service.words["bad"] = "Succeeded"
        await asyncio.sleep(BACKOFF_CAP * 1.2 + 1)
    assert ("uid-bad", "Succeeded") in news.words


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Retryable("get_job"), id="no answer"),
        pytest.param(CredentialsRefused("get_job", status=401), id="401"),
        pytest.param(Refused("get_job", status=403), id="403"),
        pytest.param(Refused("get_job", status=404), id="the workspace is not there"),
        pytest.param(Retryable("get_job", status=408), id="408"),
        pytest.param(Throttled("get_job", status=429), id="429"),
        pytest.param(Retryable("get_job", status=302), id="a redirect"),
        pytest.param(Retryable("get_job", status=500), id="500"),
    ],
)
async def test_what_is_wrong_with_the_workspace_pauses_all_its_jobs(error: ServiceError) -> None:
    """Asking for the others would be answered in the same way."""
    service = Service({"a": "Waiting", "b": "Waiting"}, broken={"a": error})
    poller = make_poller(service, News())
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        await asyncio.sleep(20)
        assert repr(poller.trouble) == repr(error)


def _gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


async def test_an_error_in_the_middle_of_a_list_tells_nothing_and_loses_nothing() -> None:
    """Half a list would make jobs look absent."""
    service, news = Service({f"j{number}": "Waiting" for number in range(150)}, broken={"": DOWN}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for number in range(150):
            poller.watch(f"uid-{number}", f"j{number}", "Waiting")
        await asyncio.sleep(5)
        service.broken.clear()
        service.words["j149"] = "Executing"
        await asyncio.sleep(30)
    assert news.words == [("uid-149", "Executing")]


async def test_refused_credentials_are_told_and_renewed_ones_used_at_once() -> None:
    """The pause of an hour that the old ones earned does not hold for the new."""
    service = Service({"a": "Succeeded"}, broken={"": CredentialsRefused("get_job", status=401, retry_after=3600)})
    renewed, news = Service({"a": "Succeeded"}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        await asyncio.sleep(60)
        assert (news.told, news.refusals, service.count("get")) == ([], 1, 1)
        poller.use(as_client(service))
        poller.use(as_client(Service({"a": "Waiting"})), refused=True)
        poller.use(as_client(service), refused=True)
        await asyncio.sleep(60)
        assert service.count("get") == 1, "the same key in another client is no news"
        poller.use(as_client(renewed))
        await asyncio.sleep(1)
    assert news.words == [("uid-a", "Succeeded")]
    assert news.refusals == 1


async def test_a_service_that_never_answers_is_asked_once_at_a_time() -> None:
    """Its requests hold connections until their time-out; once it answers, it is asked several things at a time."""
    service = Service({f"j{number}": "Waiting" for number in range(64)}, broken={"": DOWN}, seconds=1)
    poller = make_poller(service, News(), poll_max_seconds=900)
    async with polling(poller):
        for number in range(8):
            poller.watch(f"uid-{number}", f"j{number}", "Executing")
        await asyncio.sleep(60)
        assert service.most_open == 1
        service.broken.clear()
        await asyncio.sleep(600)
        assert service.most_open > 1
