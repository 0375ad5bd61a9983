"""Output ConfigMaps, read in Qiskit's order."""

import json
from typing import Any

import pytest

from quantumjobs.counts import Header, of_register, read_counts, read_result
from quantumjobs.errors import NoCountsError


def holding(**data: Any) -> dict[str, Any]:
    """An output ConfigMap."""
    return {"metadata": {"name": "bell-output"}, "data": data}


TWO = Header(registers=(("a", 2), ("b", 1)))


@pytest.mark.parametrize(
    ("header", "stored", "read"),
    [
        pytest.param(Header(), {"01 1": 3}, {"01 1": 3}, id="nothing is known: as it stands"),
        pytest.param(TWO, {"0 01": 3}, {"0 01": 3}, id="Qiskit's order already"),
        pytest.param(
            Header(TWO.registers, reverse_words=True), {"01 0": 3}, {"0 01": 3}, id="the first register stood first"
        ),
        pytest.param(
            Header(TWO.registers, reverse_words=True), {"(0, 1)": 3}, {"(0, 1)": 3}, id="numbers are no registers"
        ),
        pytest.param(
            Header((("c", 3),), measured=((1,),)), {"0": 1, "1": 2}, {"000": 1, "010": 2}, id="unmeasured bits are 0"
        ),
        pytest.param(
            Header(TWO.registers, measured=((0, 1), ())), {"10": 5}, {"0 10": 5}, id="a register that is never measured"
        ),
        pytest.param(
            Header((("c", 2),), measured=((0,),)), {"Error 0x20: Lost": 1, "1": 2}, {"01": 2, "Error 0x20: Lost": 1},
            id="an error of the provider stays as it is",
        ),
    ],
)  # fmt: skip
def test_order(header: Header, stored: dict[str, int], read: dict[str, int]) -> None:
    """What is stored, and what a researcher gets."""
    assert read_counts(holding(**{"counts.json": json.dumps(stored)}), header) == read
    assert Header.from_json(header.to_json()) == header


def test_one_register() -> None:
    """Its counts are added up over the others."""
    counts = {"0 01": 3, "1 01": 4, "1 11": 5}
    assert of_register(counts, TWO, "a") == {"01": 7, "11": 5}
    assert of_register(counts, TWO, "b") == {"0": 3, "1": 9}
    with pytest.raises(NoCountsError, match="it has a, b"):
        of_register(counts, TWO, "c")


def test_what_is_missing_is_explained() -> None:
    """By the operator's reason."""
    with pytest.raises(NoCountsError, match="submit it with shots"):
        read_counts(holding(countsOmitted="ShotsUnknown"), Header())
    with pytest.raises(NoCountsError, match=r"TooLarge.*https://x"):
        read_result(holding(resultOmitted="TooLarge", outputUri="https://x"))


@pytest.mark.parametrize("stored", ['{"0": true}', '{"0": -1}', '{"0": 1.5}', '{"0": "1"}', "[1]", "{"])
def test_what_is_no_count_was_not_written_by_the_operator(stored: str) -> None:
    """Whoever may write ConfigMaps wrote it."""
    with pytest.raises(NoCountsError, match="the operator did not write"):
        read_counts(holding(**{"counts.json": stored}), Header())


@pytest.mark.parametrize("text", ["", "[]", "{", '{"registers": 3}', "null"])
def test_a_foreign_header_says_nothing(text: str) -> None:
    """Whatever stands in the annotation, the counts can be read."""
    assert Header.from_json(text) == Header()
