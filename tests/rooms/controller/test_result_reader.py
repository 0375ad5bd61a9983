"""Results that are large are read beside the loop, in little memory, and all the same counted."""

import asyncio
import time
from typing import Any, Final

import pytest

from quantumjob_operator.controller.result_reader import LARGE_BYTES, ResultReader
from quantumjob_operator.results import MAX_READ_BYTES, OutputData, OutputFacts

FACTS: Final = OutputFacts("https://x.blob.core.windows.net/c/b", "id", "Succeeded", "p", "t")


def filled(head: bytes, unit: bytes, tail: bytes) -> bytes:
    """As many units, with commas between them, as go into the largest result that is read."""
    return head + b",".join([unit] * ((MAX_READ_BYTES - len(head + tail)) // (len(unit) + 1))) + tail


async def read(result: bytes, output_format: str) -> tuple[OutputData, float]:
    """What was found, and the most CPU time that the loop's process took between two turns of the loop."""
    longest = 0.0

    async def feel() -> None:
        nonlocal longest
        while True:
            before = time.process_time()
            await asyncio.sleep(0.01)
            longest = max(longest, time.process_time() - before)

    feeling = asyncio.create_task(feel())
    arguments: dict[str, Any] = {"parameters": {"shots": 100}, "program": b'{"qubits": 30}', "keys": None}
    found = await ResultReader().read(result, "ns", facts=FACTS, omitted=None, output_format=output_format, **arguments)
    feeling.cancel()
    return found, longest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "unit", "tail", "output_format", "outcome"),
    [
        pytest.param(b'{"ro":[', b"[1,0]", b"]}", "rigetti.quil-results.v1", '{"01": ', id="Rigetti"),
        pytest.param(b'{"c0":[', b'"01"', b"]}", "honeywell.quantum-results.v1", '{"01": ', id="Quantinuum"),
        pytest.param(
            b'{"DataFormat": "microsoft.quantum-results.v2", "Results": [{"Histogram": [',
            b'{"Display": "[0, 1]", "Outcome": [0, 1], "Count": 1}',
            b"]}]}",
            "microsoft.quantum-results.v2",
            '{"01": ',
            id="QIR",
        ),
    ],
)
async def test_the_largest_results_are_counted(
    head: bytes, unit: bytes, tail: bytes, output_format: str, outcome: str
) -> None:
    """Each shot, and the loop goes on meanwhile."""
    result = filled(head, unit, tail)
    found, longest = await read(result, output_format)
    assert found.data["counts.json"] == f"{outcome}{result.count(unit)}}}"
    assert longest < 0.5


@pytest.mark.slow
async def test_a_result_that_takes_too_much_memory_is_left_out() -> None:
    """Sixteen MiB of empty objects are too many for the process that reads them, which ends; the operator goes on."""
    found, longest = await read(filled(b'{"c0":[', b"{}", b"]}"), "honeywell.quantum-results.v1")
    assert found.data["countsOmitted"] == found.data["resultOmitted"] == "TooLarge"
    assert found.data["jobId"] == "id"
    assert longest < 0.5


async def test_large_results_are_read_round_robin() -> None:
    """Those of one namespace wait for each other, and the first of another waits for one of them."""
    reader, ends = ResultReader(), list[str]()
    arguments: dict[str, Any] = {"parameters": {}, "program": None, "keys": None, "facts": FACTS, "omitted": None}

    async def one(namespace: str) -> None:
        large = b" " * LARGE_BYTES + b"{}"
        await reader.read(large, namespace, output_format="honeywell.quantum-results.v1", **arguments)
        ends.append(namespace)

    await asyncio.gather(*(one("crowd") for _ in range(5)), one("victim"))
    assert ends.index("victim") <= 2


async def test_large_results_that_are_fetched_have_their_turns_too() -> None:
    """One of sixteen MiB, however many of the same namespace wait, then those of the other."""
    memory, begun = ResultReader().memory, list[str]()

    async def one(namespace: str) -> None:
        async with memory.hold(namespace, MAX_READ_BYTES):
            begun.append(namespace)
            await asyncio.sleep(0)

    await asyncio.gather(*(one("crowd") for _ in range(5)), one("victim"))
    assert begun.index("victim") <= 2
