"""The command `python -m benchmarks.parts`: CPU of the steps that a job's cost is made of, beside the least possible.

Requests over TLS as the operator sends them, by httpx with its own pool, and by aiohttp alone; what is read of an
answer and of an event, beside reading their JSON alone. Must not live here: what whole jobs cost (`scenarios`).
"""

import argparse
import asyncio
import gc
import json
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.cluster import quantum_job
from devcluster.certificates import Authority
from localstack.manifests import PROJECT
from quantumjob_operator.azure import wire
from quantumjob_operator.azure.http.transport import open_transport
from quantumjob_operator.model.quantumjob import parse_job
from rooms.azure.keeping import KeepingServer, keeping_server
from rooms.azure.samples import job

_AT_A_TIME: Final = (1, 24, 100)
_REQUESTS: Final = 2_400
_EACH_AT_MOST: Final = 200
_READINGS: Final = 300
_PAGE: Final = 100
_MILLI: Final = 1_000
_WIDTH: Final = 110

Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Cost:
    """One line.

    Attributes:
        what: Is done.
        by: Whom.
        milliseconds: Of CPU, each time.
        connections: That it took in all; None where there are none.
    """

    what: str
    by: str
    milliseconds: float
    connections: int | None = None


def main() -> int:
    """Measure, print, and write bench-parts.json."""
    parser = argparse.ArgumentParser(prog="benchmarks.parts", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=PROJECT / "build", help="takes bench-parts.json")
    folder = parser.parse_args().folder
    costs = [*requests(), *readings()]
    table = Table(title="CPU of single steps", title_justify="left")
    for column in ("step", "by", "ms of CPU", "connections"):
        table.add_column(column, justify="left" if column in {"step", "by"} else "right", no_wrap=True)
    for cost in costs:
        table.add_row(cost.what, cost.by, f"{cost.milliseconds:.3f}", str(cost.connections or ""))
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(table)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench-parts.json").write_text(json.dumps([asdict(cost) for cost in costs], indent=2) + "\n")
    return 0


def requests() -> list[Cost]:
    """GETs over TLS, by the three clients in turn."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority.create(Path(folder), "benchmark")
        shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        shown.load_cert_chain(*authority.issue_for_loopback("server"))
        with _serving(shown) as server:
            return asyncio.run(_ask_all(server, str(authority.ca_file)))


async def _ask_all(server: KeepingServer, ca_file: str) -> list[Cost]:
    trusted = ssl.create_default_context(cafile=ca_file)
    limits = httpx.Limits(max_connections=512, max_keepalive_connections=16, keepalive_expiry=4.0)
    found = []
    async with (
        open_transport(ca_bundle=ca_file) as transport,
        httpx.AsyncClient(verify=trusted, limits=limits, trust_env=False) as own_pool,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted, limit=512)) as alone,
    ):

        async def ask_alone() -> None:
            async with alone.get(server.url) as answer:
                await answer.read()

        clients: dict[str, Ask] = {
            "the operator": lambda: transport.engine.exchange("GET", server.url, {}, None, connect_seconds=10),
            "httpx's own pool (keeps 16)": lambda: own_pool.get(server.url),
            "aiohttp alone": ask_alone,
        }
        for parallel in _AT_A_TIME:
            for name, ask in clients.items():
                server.received.clear()
                milliseconds = await _asking(ask, parallel)
                found.append(Cost(f"GET, TLS, {parallel} at a time", name, milliseconds, len(server.received)))
    return found


async def _asking(ask: Ask, parallel: int) -> float:
    each = min(_REQUESTS // parallel, _EACH_AT_MOST)

    async def ask_often(times: int) -> None:
        for _ in range(times):
            await ask()

    await asyncio.gather(*(ask_often(1) for _ in range(parallel)))  # what only the first request does is left out
    gc.collect()
    before = time.thread_time()
    await asyncio.gather(*(ask_often(each) for _ in range(parallel)))
    return _MILLI * (time.thread_time() - before) / (parallel * each)


@contextmanager
def _serving(shown: ssl.SSLContext) -> Iterator[KeepingServer]:
    """In a thread of its own, whose CPU doesn't count."""
    running: list[KeepingServer] = []
    there, over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with keeping_server(shown) as server:
            running.append(server)
            there.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    there.wait()
    try:
        yield running[0]
    finally:
        over.set()
        thread.join()


def readings() -> list[Cost]:
    """What is made of JSON, and the JSON alone."""
    page = json.dumps({"value": [job() for _ in range(_PAGE)], "nextLink": None})
    meta = {"namespace": "default", "uid": "0b3e", "resourceVersion": "7", "generation": 1}
    event = quantum_job("bell")
    event["metadata"] |= {**meta, "creationTimestamp": "2026-11-26T12:00:00Z"}
    event["status"] = {"observedGeneration": -1}
    text = json.dumps(event)

    def read_page() -> list[Any]:
        return list(wire.parse_rows(wire.parse_page(json.loads(page))[0])[0])

    a_page, an_event = f"a page of {_PAGE} jobs", "an event of a QuantumJob"
    return [
        Cost(a_page, "the operator", _reading(read_page)),
        Cost(a_page, "JSON alone", _reading(lambda: json.loads(page))),
        Cost(an_event, "the operator", _reading(lambda: parse_job(json.loads(text)))),
        Cost(an_event, "JSON alone", _reading(lambda: json.loads(text))),
    ]


def _reading(read: Callable[[], object]) -> float:
    read()
    before = time.thread_time()
    for _ in range(_READINGS):
        read()
    return _MILLI * (time.thread_time() - before) / _READINGS


if __name__ == "__main__":
    sys.exit(main())
