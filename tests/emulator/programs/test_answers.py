"""The answer of a process whose simulator was taken over: whatever it writes, reading it is cheap and ends."""

import tracemalloc

import pytest

from workspace_emulator.programs import ErrorCode
from workspace_emulator.programs.request import DEFAULT_LIMITS, ProgramError
from workspace_emulator.programs.task import failure, read_answer, success


@pytest.mark.parametrize("result", ["{}", '{"a": "\\n"}', "", "ünï\n\nresult\n"])
def test_a_result_arrives_as_it_is(result: str) -> None:
    """Line breaks too."""
    assert read_answer(success(result)) == result


def test_an_error_arrives_as_it_is() -> None:
    """Its message may hold what no encoding has."""
    sent = ProgramError(ErrorCode.BITCODE_ERROR, "the first line, ünï\ud800")
    with pytest.raises(ProgramError, match="the first line, ünï") as caught:
        read_answer(failure(sent))
    assert caught.value.code is ErrorCode.BITCODE_ERROR


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[" * 200_000, id="brackets without end"),
        pytest.param(b'{"a":[' + b"[]," * 5_000_000 + b'0],"result":"x"}', id="lists without end beside a result"),
        pytest.param(b"1" * 5000 + b"\nx", id="a number"),
        pytest.param(b"result\n\xff", id="no text"),
        pytest.param(b"\xff\n", id="no word"),
        pytest.param(b"Other\nx", id="a word that is no code"),
    ],
)
def test_what_is_no_answer_costs_nothing(answer: bytes) -> None:
    """It is told as an error of the simulator."""
    assert len(answer) <= DEFAULT_LIMITS.output
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"worker|codec|ErrorCode"):
            read_answer(answer)
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_message_is_short() -> None:
    """However long the answer is."""
    with pytest.raises(ProgramError) as caught:
        read_answer(b"RuntimeError\n" + b"x" * 10_000_000)
    assert len(caught.value.message) <= 1024
