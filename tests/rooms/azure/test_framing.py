"""Answers whose framing is what does harm: interim answers without end, chunks of one byte, drips, and all at once."""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from devcluster.certificates import Authority
from loopturns import SHORT, turns_of_the_loop
from quantumjob_operator.azure import parsing
from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.answer_sizes import ANSWER_BYTES
from quantumjob_operator.azure.http.transport import HttpTransport, open_transport
from quantumjob_operator.azure.wire import parse_job
from quantumjob_operator.model.errors import AnswerTooLarge, Retryable
from quantumjob_operator.scheduling.calculations import aside
from quantumjob_operator.scheduling.fair_share import FairShare
from rooms.azure.conftest import MakeClient
from rooms.azure.misbehaving import Behaviour, MisbehavingServer, Received, misbehaving_server, says
from rooms.azure.samples import JOB_ID, KEY, RESOURCE_ID, job

MIB: Final = 1024 * 1024
CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


def repeats(head: bytes, piece: bytes, times: int, *, pause: float = 0.0) -> Behaviour:
    """A head, and then the same again and again."""

    async def behave(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for _ in range(times):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


INTERIM: Final = repeats(b"", b"HTTP/1.1 100 \r\n\r\n" * 4096, 200)
SMALL: Final = repeats(CHUNKED, b"1\r\nx\r\n" * 4096, 2000)
SMALL_ERROR: Final = repeats(CHUNKED.replace(b"200", b"403"), b"1\r\nx\r\n" * 4096, 2000)
EXTENDED: Final = repeats(CHUNKED, (b"1;" + b"e" * 900 + b"\r\nx\r\n") * 40, 2000)
LATER: Final = repeats(CHUNKED + b"100000\r\n" + b" " * MIB + b"\r\n", b"1\r\nx\r\n" * 4096, 2000)
EARLY_HINTS: Final = repeats(b"", (b"HTTP/1.1 103 \r\nlink: " + b"l" * 900 + b"\r\n\r\n") * 40, 2000)


@pytest.mark.parametrize(
    ("behaviour", "says_what"),
    [
        pytest.param(INTERIM, "no end of what comes before it", id="100 Continue without end"),
        pytest.param(EARLY_HINTS, "no end of what comes before it", id="early hints without end"),
        pytest.param(SMALL, "too small chunks", id="chunks of one byte"),
        pytest.param(SMALL_ERROR, "too small chunks", id="an error in chunks of one byte"),
        pytest.param(EXTENDED, "too small chunks", id="chunks with long extensions"),
        pytest.param(LATER, "too small chunks", id="after a MiB of content"),
    ],
)
async def test_framing_without_end(
    server: MisbehavingServer, make_client: MakeClient, behaviour: Behaviour, says_what: str
) -> None:
    """It is cut with a reason, and the loop goes on meanwhile, with forty of them at a time."""
    server.plays(behaviour)
    async with turns_of_the_loop() as turns:
        asked = (make_client(owner=f"liar-{number % 4}", seconds=120).list_jobs() for number in range(40))
        ends = await asyncio.gather(*(anext(one) for one in asked), return_exceptions=True)
    assert [str(end) for end in ends if says_what not in str(end)] == []
    assert {type(end) for end in ends} == {AnswerTooLarge}
    assert turns.longest < 2 * SHORT


async def test_chunks_of_a_usual_size_are_read(server: MisbehavingServer, make_client: MakeClient) -> None:
    """However many there are."""
    chunk = b"200\r\n" + b" " * 512 + b"\r\n"
    server.plays(repeats(CHUNKED, chunk, 2000))

    async def whole(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + chunk * 3000 + b'c\r\n{"value":[]}\r\n0\r\n\r\n')
        await writer.drain()

    server.plays(whole)
    assert [page async for page in make_client().list_jobs()] == [[]]


async def test_a_small_answer_is_read_between_the_pieces_of_others(
    server: MisbehavingServer, make_client: MakeClient
) -> None:
    """A tenant whose endpoints keep the parser busy leaves the loop's time to the others."""
    server.plays(SMALL)
    async with misbehaving_server() as healthy:
        healthy.plays(says(job()))
        well = make_client(endpoint=healthy.url, allowed=AllowedOrigins.parse([healthy.url]), owner="well", seconds=60)
        busy = [asyncio.create_task(_first_page(make_client(owner="liar", seconds=120))) for _ in range(60)]
        await asyncio.sleep(0.05)
        before = time.monotonic()
        assert await well.get_job(JOB_ID)
        assert not all(one.done() for one in busy), f"it took {time.monotonic() - before:.1f} s, as long as the lies"
        await asyncio.gather(*busy, return_exceptions=True)


async def _first_page(client: WorkspaceClient) -> Any:
    return await anext(client.list_jobs())


async def test_large_answers_have_one_memory(
    server: MisbehavingServer, make_client: MakeClient, transport: HttpTransport
) -> None:
    """A hundred large lists at once are read in turns, and what is held never exceeds it."""
    lowest = ANSWER_BYTES
    server.plays(repeats(CHUNKED, b"40000\r\n" + b" " * 0x40000 + b"\r\n", 64, pause=0.001))
    asked = [
        asyncio.create_task(_first_page(make_client(owner=f"liar-{number % 10}", seconds=120))) for number in range(100)
    ]
    while not all(one.done() for one in asked):
        lowest = min(lowest, transport.answers.free)
        await asyncio.sleep(0.001)
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(end) for end in ends} <= {AnswerTooLarge, Retryable}
    assert 0 <= lowest < ANSWER_BYTES
    assert transport.answers.free == ANSWER_BYTES


async def test_tls_reads_no_further_ahead_than_an_answer_needs(tmp_path: Path) -> None:
    """A large list that waits for its place in memory, while TLS could go on, is read in the end."""
    authority = Authority.create(tmp_path, "authority")
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(*authority.issue_for_loopback("server"))
    async with (
        misbehaving_server(shown) as server,
        open_transport(ca_bundle=str(authority.ca_file)) as transport,
        transport.answers.hold("another", ANSWER_BYTES) as all_memory,
    ):
        server.plays(says({"value": [], "filler": " " * MIB}))
        client = WorkspaceClient(
            endpoint=server.url,
            resource_id=RESOURCE_ID,
            credential=ApiKey(KEY),
            transport=transport,
            allowed=AllowedOrigins.parse([server.url]),
            owner="patient",
        )
        reading = asyncio.create_task(_first_page(client))
        async with asyncio.timeout(30):
            while not all_memory.wanted:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        all_memory.give_back()
        assert await reading == []


async def test_who_drips_makes_room_for_others(
    server: MisbehavingServer, make_client: MakeClient, transport: HttpTransport
) -> None:
    """Lists that come drop by drop hold all the memory; another tenant's list is read before they end."""
    server.plays(repeats(CHUNKED + b"20000\r\n" + b" " * 0x20000 + b"\r\n", b"1\r\n \r\n", 2000, pause=0.5))
    async with misbehaving_server() as healthy:
        healthy.plays(says({"value": [], "filler": " " * 200_000}))
        drips = [
            asyncio.create_task(_first_page(make_client(owner=f"liar-{number}", seconds=120))) for number in range(6)
        ]
        async with asyncio.timeout(30):
            while transport.answers.free > MIB:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        well = make_client(endpoint=healthy.url, allowed=AllowedOrigins.parse([healthy.url]), owner="well", seconds=60)
        assert await _first_page(well) == []
        ends = [one for one in drips if one.done()]
        assert ends
        assert "comes so slowly that others wait" in str(ends[0].exception())
        for one in drips:
            one.cancel()


async def test_a_large_output_that_drips_makes_room_for_others(
    server: MisbehavingServer, make_client: MakeClient
) -> None:
    """It has its place for as long as nobody else wants it."""
    size = 4 * MIB
    head = f"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-{size - 1}/{size}\r\nContent-Length: {size}\r\n\r\n"
    first = f"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-262143/{size}\r\nContent-Length: 262144\r\n\r\n"
    server.plays(repeats(first.encode() + b" " * 0x40000, b"", 1), repeats(head.encode(), b" ", 2000, pause=0.2))
    uri = f"{server.url}/account/container/blob?se=2099-01-01T00%3A00%3A00Z&sig=x"
    remote, share = replace(parse_job(job()), output_location=uri), FairShare(size)
    reading = asyncio.create_task(
        make_client(seconds=120).read_output(remote, 16 * MIB, lambda size: share.take("slow", size))
    )
    await asyncio.sleep(3)
    assert not reading.done()
    assert share.free == 0
    waiting = asyncio.create_task(share.take("other", size))
    with pytest.raises(Retryable, match="comes so slowly that others wait"):
        await asyncio.wait_for(reading, 20)
    waiting.cancel()


async def test_large_pages_are_parsed_round_robin(server: MisbehavingServer, make_client: MakeClient) -> None:
    """A tenant with many of them waiting delays another's by one."""
    page, ends = says({"value": [{"id": JOB_ID, "status": "Waiting", "x": [0] * 100_000}]}), list[str]()
    server.plays(page)
    first = asyncio.Event()

    async def one(owner: str) -> None:
        assert len(await _first_page(make_client(owner=owner, seconds=60))) == 1
        ends.append(owner)
        first.set()

    async with asyncio.TaskGroup() as group:
        for _ in range(24):
            group.create_task(one("crowd"))
        await first.wait()  # by then they are all on their way, and wait for the parser
        group.create_task(one("victim"))
    assert ends.index("victim") < len(ends) - 4


async def test_lists_have_turns_of_their_own(
    server: MisbehavingServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They show the jobs of all who share a workspace, and its owner has more to do than to read them."""
    tenants: list[str] = []

    async def noted(tenant: str, calculate: Callable[[], Any]) -> Any:
        tenants.append(tenant)
        return await aside(tenant, calculate)

    monkeypatch.setattr(parsing, "aside", noted)
    client, long = make_client(owner="platform"), {**job(), "inputParams": [0] * 100_000}
    server.plays(says({"value": [long]}), says(long))
    await _first_page(client)
    await client.on_behalf("research").get_job(JOB_ID)
    assert tenants == ["platform/lists", "platform/research"]
