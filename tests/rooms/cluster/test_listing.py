"""Pages of a collection that are too long to be read are asked for in smaller ones."""

import asyncio
import gc
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import pytest

from quantumjob_operator.cluster import handlers, long_objects
from quantumjob_operator.cluster.api import Api, ClusterError
from quantumjob_operator.cluster.listing import MOST_BYTES, PageSize
from quantumjob_operator.cluster.object_pages import tenant_of
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.model.naming import GROUP
from quantumjob_operator.model.quantumjob import QuantumJob
from rooms.azure.misbehaving import MisbehavingServer, Received, answers, says, stays_silent
from rooms.model.bodies import job_body

_MIB: Final = 1024 * 1024
_PAGES: Final = 3
_ENDLESS: Final = 200 * _MIB
_LISTED: Final = {"metadata": {"resourceVersion": "9"}, "items": [job_body(uid="1")]}
Listing = Callable[[MisbehavingServer, Api], AsyncIterator[Any]]


@pytest.mark.parametrize(
    ("lengths", "asked"),
    [
        pytest.param([10, 10], [20, 20, 20], id="short pages stay full"),
        pytest.param([MOST_BYTES + 1, 10, 10, 10], [20, 1, 2, 4, 8], id="a long one begins again with one object"),
        pytest.param([MOST_BYTES + 1, MOST_BYTES + 1, 10], [20, 1, 1, 2], id="a single object is read however long"),
        pytest.param([MOST_BYTES + 1, 10, MOST_BYTES + 1, 10], [20, 1, 2, 1, 2], id="the next page is long again"),
    ],
)
def test_how_many_objects_a_page_is_to_have(lengths: list[int], asked: list[int]) -> None:
    """Twice as many after each page that was read, unless it was half as long as it may be."""
    size, now = PageSize(20), [20]
    for length in lengths:
        before = size.now
        assert size.takes(length) is (length <= MOST_BYTES or before == 1)
        now.append(size.now)
    assert now == asked


@pytest.mark.parametrize(
    ("lengths", "asked"),
    [
        pytest.param([1_000, 1_000, 1_000, 1_000], [50, 100, 200, 400, 500], id="short objects: more and more of them"),
        pytest.param([200_000, 400_000, 800_000], [50, 100, 200, 262], id="as many as half of what may be read has"),
        pytest.param([200_000, 1_500_000, 800_000], [50, 100, 69, 90], id="longer ones follow: fewer of them"),
        pytest.param([MOST_BYTES + 1, MOST_BYTES + 1, 10], [50, 1, 1, 2], id="one is as long as may be read"),
    ],
)
def test_a_page_is_as_long_as_half_of_what_may_be_read(lengths: list[int], asked: list[int]) -> None:
    """Ten thousand objects come in some forty pages, and in memory there is no more of them at a time."""
    size = PageSize(500, first=50)
    now = [size.now]
    for length in lengths:
        size.takes(length)
        now.append(size.now)
    assert now == asked


async def test_our_own_kinds_go_past_kopf(server: MisbehavingServer, api: Api) -> None:
    """For each object it would begin a task; what it is given is that there is nothing, as of this revision."""
    server.plays(says({"kind": "QuantumJobList", "apiVersion": "x/v1", **_LISTED}))
    heard: list[tuple[str, str | None, str, str]] = []

    def hear(plural: str, event_type: str | None, body: Mapping[str, Any]) -> None:
        heard.append((plural, event_type, body["kind"], body["metadata"]["uid"]))

    found = [one async for one in _by_kopf(server, api, hear, group=GROUP)]
    assert found == [([], "9")]
    assert heard == [("quantumjobs", None, "QuantumJob", "1")]


async def test_each_object_of_a_long_page_is_read_once(server: MisbehavingServer, api: Api) -> None:
    """The page itself is thrown away."""
    long, short = job_body({"parameters": {"a": "x" * MOST_BYTES}}, uid="1"), job_body(uid="2")
    server.plays(
        says({"metadata": {}, "items": [long, short]}),
        says({"metadata": {"continue": "more"}, "items": [long]}),
        says({"metadata": {}, "items": [short]}),
    )
    assert [one.uid for one in await Objects(api).rivals("research", "one")] == ["1", "2"]
    assert [one.query["limit"] for one in server.received] == [["20"], ["1"], ["1"]]
    assert ["continue" in one.query for one in server.received] == [False, False, True]


@pytest.mark.parametrize(
    ("parameters", "in_the_loop"),
    [
        pytest.param({"shots": 100}, True, id="short objects at once"),
        pytest.param({"empty": [[]] * 9_000}, False, id="long ones beside the loop"),
    ],
)
async def test_a_long_page_is_read_beside_the_loop(
    server: MisbehavingServer, api: Api, parameters: dict[str, Any], *, in_the_loop: bool
) -> None:
    """Empty lists are ten milliseconds of CPU for each object of 40 KB, and all workers may list at a time."""
    server.plays(says({"metadata": {}, "items": [job_body({"parameters": parameters})]}))
    threads: list[bool] = []

    def of_each(body: Mapping[str, Any]) -> str:
        threads.append(threading.current_thread() is threading.main_thread())
        return str(body["metadata"]["name"])

    pages = [page async for page in api.list_pages("/apis/x", {}, 20, of_each)]
    assert pages == [["bell"]]
    assert threads == [in_the_loop]


@pytest.mark.parametrize(
    ("answer", "in_the_loop"),
    [
        pytest.param({"a": [[]] * 1_000}, True, id="a short one at once"),
        pytest.param({"a": [[]] * 400_000}, False, id="a long one beside the loop"),
    ],
)
async def test_a_long_answer_is_read_beside_the_loop(
    server: MisbehavingServer, api: Api, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], *, in_the_loop: bool
) -> None:
    """Of a write, too: all workers of a namespace may have theirs in one turn."""
    server.plays(says(answer))
    read: list[bool] = []

    def loads(text: bytes) -> Any:
        read.append(threading.current_thread() is threading.main_thread())
        return json.loads(text)

    monkeypatch.setattr(long_objects, "json", SimpleNamespace(loads=loads))
    assert await api.patch("/apis/x/namespaces/research/y/z", {}) == answer
    assert read == [in_the_loop]


def test_a_page_of_many_small_values_is_too_long() -> None:
    """Its bytes alone would not tell: to read it takes as long as ten times as many."""
    size = PageSize(20)
    assert size.takes_page(b"[" + b"[]," * 1_000 + b"[]]")
    assert not size.takes_page(b"[" + b"[]," * 150_000 + b"[]]")
    assert size.now == 1
    assert tenant_of("/apis/g/v1/namespaces/research/quantumjobs/bell/status") == "research"
    assert tenant_of("/apis/g/v1/quantumjobs") == ""


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda objects: objects.rivals("research", "one"), id="to know whose a key is"),
        pytest.param(lambda objects: objects.each_with_key("research", "one", id), id="to hear of all with a key"),
        pytest.param(lambda objects: objects.each_of("research", id), id="to look for an owner among all"),
    ],
)
async def test_of_a_listing_no_object_is_kept(
    server: MisbehavingServer, api: Api, ask: Callable[[Objects], Awaitable[object]]
) -> None:
    """Who wants to know whose a key is keeps a few words of each; sixteen at a time held all of all, unread."""
    kept: list[int] = []

    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        kept.append(_objects_kept())
        number = len(kept)
        body = job_body({"idempotencyKey": "one"}, uid=str(number))
        more = {"continue": "more"} if number < _PAGES else {}
        await says({"metadata": more, "items": [body] * 3})(_, writer)

    server.plays(answer)
    before = _objects_kept()
    told = await ask(Objects(api))
    if isinstance(told, list):
        assert [one.uid for one in told] == [str(1 + number // 3) for number in range(3 * _PAGES)]
    assert [number - before for number in [*kept, _objects_kept()]] == [0] * (_PAGES + 1)


def _objects_kept() -> int:
    """How many objects of the cluster are in memory, read or as JSON."""
    everything = gc.get_objects()
    return sum(
        isinstance(one, QuantumJob) or (type(one) is dict and one.get("kind") == "QuantumJob") for one in everything
    )


async def test_who_asks_whose_a_key_is_shares_a_listing_that_begins_after_that(
    server: MisbehavingServer, api: Api
) -> None:
    """An object that is written while one is under way is in the next; fifteen who wait need no fifteen of them."""
    written, begun, may_end = [job_body(uid="1")], asyncio.Event(), asyncio.Event()

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        items = list(written)
        begun.set()
        await may_end.wait()
        await says({"metadata": {}, "items": items})(request, writer)

    server.plays(answer)
    objects = Objects(api)
    async with asyncio.TaskGroup() as group:
        early = group.create_task(objects.rivals("research", "one"))
        await begun.wait()
        written.append(job_body(uid="2"))
        late = [group.create_task(objects.rivals("research", "one")) for _ in range(15)]
        await asyncio.sleep(0)
        may_end.set()
    assert [one.uid for one in early.result()] == ["1"]
    assert [[one.uid for one in each.result()] for each in late] == [["1", "2"]] * 15
    assert len(server.received) == 2


def _nobody(plural: str, event_type: str | None, body: Mapping[str, Any]) -> None:
    """Nothing of these kinds is ours."""


async def _by_kopf(
    server: MisbehavingServer, _api: Api, heard: handlers.Sink = _nobody, group: str = "apiextensions.k8s.io"
) -> AsyncIterator[Any]:
    """What kopf is given to list with, without its way to log in."""
    settings: Any = SimpleNamespace(watching=SimpleNamespace(chunk_size=50))
    resource = SimpleNamespace(
        plural="quantumjobs", group=group, get_url=lambda params=None, **_: f"{server.url}/apis/x?{_query(params)}"
    )
    async with aiohttp.ClientSession() as session:

        async def request(_method: str, url: str, *, headers: dict[str, str], **_: Any) -> aiohttp.ClientResponse:
            return await session.get(url, headers=headers, timeout=aiohttp.ClientTimeout(60))

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(handlers, "api", SimpleNamespace(request=request))
            listing = handlers._listing(heard, {})
            async for one in listing(settings=settings, resource=resource, namespace=None, logger=None):
                yield one


def _query(params: dict[str, str] | None) -> str:
    return "&".join(f"{name}={value}" for name, value in (params or {}).items())


LISTINGS: Final = [
    pytest.param(lambda _, api: api.list_pages("/apis/x", {}, 20, dict), id="objects, of a key or a namespace"),
    pytest.param(lambda _, api: api.list_versions("/apis/x"), id="metadata, to compare what the watch has told"),
    pytest.param(_by_kopf, id="objects, at the start of a watch"),
]


@pytest.mark.parametrize("listing", LISTINGS)
async def test_no_more_is_read_of_a_page_than_its_bound(server: MisbehavingServer, api: Api, listing: Listing) -> None:
    """However much comes: it is counted where it arrives, uncompressed, and asked for anew with one object."""
    sent = 0

    async def floods(_: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {_ENDLESS}\r\n\r\n".encode())
        while sent < _ENDLESS:
            writer.write(b" " * 65_536)
            await writer.drain()
            sent += 65_536

    server.plays(floods, answers(200, json.dumps(_LISTED).encode()))
    assert len([one async for one in listing(server, api)]) == 1
    assert [one.query["limit"][0] == "1" for one in server.received] == [False, True]
    assert {one.headers["accept-encoding"] for one in server.received} == {"identity"}
    # Beside the bound, what stands in the buffers of both ends.
    assert sent < 32 * _MIB


@pytest.mark.looptime
@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_page_that_does_not_come_in_time_is_too_long(
    server: MisbehavingServer, api: Api, listing: Listing
) -> None:
    """Asked for as it was, it would be as late each time."""
    server.plays(stays_silent(), says(_LISTED))
    assert len([one async for one in listing(server, api)]) == 1
    assert server.received[-1].query["limit"] == ["1"]


@pytest.mark.looptime
async def test_a_single_object_that_does_not_come_in_time_is_an_error(server: MisbehavingServer, api: Api) -> None:
    """The API server is away then; and the next listing begins with what came last."""
    server.plays(stays_silent())
    for _ in range(2):
        with pytest.raises(ClusterError, match="Timeout"):
            [one async for one in api.list_versions("/apis/x")]
    assert [one.query["limit"] for one in server.received] == [["500"], ["1"], ["1"]]
