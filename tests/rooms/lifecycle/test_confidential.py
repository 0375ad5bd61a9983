"""What of an error may be told when the program stands in a Secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.lifecycle.confidential import LEFT_OUT, place_in, shown_error

TEXT = "TOPSECRET_algorithm_line_one=42 more secret text here"


@pytest.mark.parametrize(
    ("message", "place"),
    [
        pytest.param(f"expected top-level entity {TEXT} ^", "", id="a text without a place"),
        pytest.param(f"line 3, column 14: unexpected {TEXT}", "line 3, column 14; ", id="a line and a column in words"),
        pytest.param(f"unknown gate {TEXT} at line 7", "line 7; ", id="a line alone"),
        pytest.param(f"Line: 7, Col: 2 {TEXT}", "line 7, column 2; ", id="words with colons"),
        pytest.param(f"<string>:12:5: error: {TEXT}", "line 12, column 5; ", id="the way of compilers"),
        pytest.param(f"input.qasm:12:5: error: {TEXT}", "line 12, column 5; ", id="the way of compilers with a file"),
        pytest.param("angle 3:14: is wrong", "", id="a pair of numbers that may be the program's"),
        pytest.param("qubits 3 and 14 overlap", "", id="numbers that name no place"),
        pytest.param("baseline 3 and underline 4", "", id="words that only end like the name of a place"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_place_in_a_message(message: str, place: str) -> None:
    """Numbers that are named as a place are told, and nothing else is."""
    assert place_in(message) == place


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        pytest.param("InvalidInputData", "InvalidInputData", id="a code"),
        pytest.param("QIR.Preprocessing_Failed-2", "QIR.Preprocessing_Failed-2", id="a code with marks in it"),
        pytest.param(TEXT, None, id="a sentence is no code"),
        pytest.param(None, None, id="no code"),
    ],
)
def test_codes_of_a_confidential_job(code: str | None, shown: str | None) -> None:
    """A code says what is wrong without quoting."""
    assert shown_error(code, "x", confidential=True).code == shown


@given(st.text(alphabet="abcdefgh qrstuv:,=.^\n", min_size=30, max_size=300))
def test_no_words_get_through(message: str) -> None:
    """Whatever the service writes, only our own sentence comes out."""
    assert shown_error("Code", message, confidential=True).message == LEFT_OUT


def test_other_programs_are_quoted() -> None:
    """Who wrote the program into the job, or into a ConfigMap, needs the service's words to fix it."""
    shown = shown_error("InvalidInputData", f"unexpected {TEXT}", confidential=False)
    assert (shown.code, shown.message) == ("InvalidInputData", f"unexpected {TEXT}")
