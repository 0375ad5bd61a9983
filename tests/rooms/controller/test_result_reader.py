"""Results that are large are read beside the loop, in little memory, and all the same counted."""

import asyncio
import resource
import time
from typing import Any, Final

import pytest

from loopturns import SHORT, turns_of_the_loop
from quantumjob_operator.controller.result_reader import LARGE_BYTES, ResultReader
from quantumjob_operator.results import MAX_READ_BYTES, OutputData, OutputFacts

FACTS: Final = OutputFacts("https://x.blob.core.windows.net/c/b", "id", "Succeeded", "p", "t")
ANY: Final[dict[str, Any]] = {"facts": FACTS, "omitted": None, "parameters": {"shots": 100}, "keys": None}


def filled(head: bytes, unit: bytes, tail: bytes) -> bytes:
    """As many units, with commas between them, as go into the largest result that is read."""
    return head + b",".join([unit] * ((MAX_READ_BYTES - len(head + tail)) // (len(unit) + 1))) + tail


async def read(result: bytes, output_format: str) -> tuple[OutputData, float]:
    """What was found, and the longest turn of the loop meanwhile."""
    async with turns_of_the_loop(time.process_time) as turns:
        found = await ResultReader().read(result, "ns", program=b'{"qubits": 30}', output_format=output_format, **ANY)
    return found, turns.longest


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
    assert longest < SHORT


@pytest.mark.slow
async def test_a_result_that_takes_too_much_memory_is_left_out() -> None:
    """Sixteen MiB of empty objects are too many for the process that reads them, which ends; the operator goes on."""
    found, longest = await read(filled(b'{"c0":[', b"{}", b"]}"), "honeywell.quantum-results.v1")
    assert found.data["countsOmitted"] == found.data["resultOmitted"] == "TooLarge"
    assert found.data["jobId"] == "id"
    assert longest < SHORT


@pytest.mark.parametrize(
    ("result", "program", "elsewhere"),
    [
        pytest.param(36, 60, False, id="a small result of a small program is read here"),
        pytest.param(LARGE_BYTES - 60, 60, False, id="both are as long as what is read here"),
        pytest.param(LARGE_BYTES - 59, 60, True, id="both are longer, and each by itself is not"),
        pytest.param(36, 1024 * 1024, True, id="a small result of the longest program is read elsewhere"),
    ],
)
async def test_what_is_long_to_read_is_read_in_a_process_of_its_own(
    result: int, program: int, *, elsewhere: bool
) -> None:
    """Whichever of both it is: this process would calculate, and each turn of the loop wait for it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    found = await ResultReader().read(
        b'{"histogram": {"1": 1}}'.ljust(result),
        "ns",
        program=b'{"qubits": 2}'.ljust(program),
        output_format="ionq.quantum-results.v1",
        **ANY,
    )
    assert found.data["counts.json"] == '{"01": 100}'
    assert (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime > before) is elsewhere


@pytest.mark.parametrize(
    "length",
    [
        pytest.param(2, id="small results"),
        pytest.param(LARGE_BYTES + 2, id="large results"),
    ],
)
async def test_results_are_read_round_robin(length: int) -> None:
    """Those of one namespace wait for each other, and the first of another waits for one of them."""
    reader, ends = ResultReader(), list[str]()

    async def one(namespace: str) -> None:
        large = b"{}".rjust(length)
        await reader.read(large, namespace, program=None, output_format="honeywell.quantum-results.v1", **ANY)
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
