"""Each provider's result becomes counts in one normal form; a wrong bit order would be wrong science."""

import json
from typing import Any

import pytest

from quantumjob_operator.results.formats import READERS
from rooms.results.documents import IONQ, PASQAL, QIR, QIR_V1, QUANTINUUM, RIGETTI, qir, written

X_ON_QUBIT_0_OF_3 = [
    pytest.param(IONQ, {"histogram": {"1": 1}}, id="ionq numbers states with qubit 0 as the lowest bit"),
    pytest.param(QUANTINUUM, {"c": ["001"] * 10}, id="quantinuum writes the highest index first"),
    pytest.param(RIGETTI, {"ro": [[1, 0, 0]] * 10}, id="rigetti lists the bits from index 0"),
    pytest.param(PASQAL, {"100": 10}, id="pasqal writes the first atom first"),
    pytest.param(PASQAL, {"counter": {"100": 10}, "x": 1}, id="pasqal with a counter"),
    pytest.param(QIR, qir(("[0, 0, 1]", 10)), id="qir as Qiskit records it"),
    pytest.param(QIR_V1, {"Histogram": ["[0, 0, 1]", 1.0]}, id="qir in the first version of the format"),
]


@pytest.mark.parametrize(("output_format", "document"), X_ON_QUBIT_0_OF_3)
def test_x_on_qubit_0_of_3_gives_001(output_format: str, document: Any) -> None:
    """Bit 0 is the rightmost character, whatever the provider does."""
    assert written(output_format, document).data["counts.json"] == '{"001": 10}'


def test_every_format_that_is_read_has_its_row() -> None:
    """A format that is added without a row above would have an unchecked bit order."""
    assert {str(row.values[0]) for row in X_ON_QUBIT_0_OF_3} == set(READERS)


@pytest.mark.parametrize(
    ("output_format", "document", "counts", "registers"),
    [
        pytest.param(
            QUANTINUUM,
            {"c0": ["01", "01", "10"], "a1": ["1", "1", "0"]},
            {"01 1": 2, "10 0": 1},
            "c0 a1",
            id="quantinuum",
        ),
        pytest.param(
            RIGETTI, {"ro": [[1, 0], [0, 1]], "anc": [[1], [0]]}, {"01 1": 1, "10 0": 1}, "ro anc", id="rigetti"
        ),
        pytest.param(QIR, qir(("([0, 1], [1])", 2), ("([1, 0], [0])", 1)), {"01 1": 2, "10 0": 1}, None, id="qir"),
        pytest.param(
            QIR_V1,
            {"Histogram": ["([0, 1], [1])", 0.8, "([1, 0], [0])", 0.2]},
            {"01 1": 8, "10 0": 2},
            None,
            id="qir v1",
        ),
    ],
)
def test_two_registers_keep_the_order_of_the_result(
    output_format: str, document: Any, counts: dict[str, int], registers: str | None
) -> None:
    """Registers stand in the order in which the result has them, one space between them, and their names likewise."""
    data = written(output_format, document).data
    assert json.loads(data["counts.json"]) == counts
    assert data.get("registers") == registers


@pytest.mark.parametrize(
    ("display", "outcome"),
    [
        pytest.param("0", "0", id="a single bit"),
        pytest.param("[1]", "1", id="a register of one bit"),
        pytest.param("[0, 1, 1]", "011", id="one register"),
        pytest.param("[0,1,1]", "011", id="no space after the comma"),
        pytest.param("011", "011", id="bits without brackets"),
        pytest.param("01 1", "01 1", id="registers without brackets"),
        pytest.param("([0, 1], [1, 1])", "01 11", id="a tuple of two registers"),
        pytest.param("([0, 1], 1)", "01 1", id="a register and a bit"),
        pytest.param("(0, 1)", "0 1", id="a tuple of two bits"),
        pytest.param("([0], ([1, 0], 1))", "0 10 1", id="a tuple in a tuple"),
        pytest.param("[[0, 1], [1, 1]]", "01 11", id="a list of registers"),
        pytest.param("[0, 1, -]", "[0, 1, -]", id="a lost qubit stays as shown"),
        pytest.param("[0, 2]", "[0, 2]", id="another symbol than a bit stays as shown"),
        pytest.param("[10, 11]", "[10, 11]", id="numbers made of ones and zeros stay as shown"),
        pytest.param("([1, 0], -1)", "([1, 0], -1)", id="a negative number stays as shown"),
        pytest.param("([1, 0], 1.0)", "([1, 0], 1.0)", id="a fraction stays as shown"),
        pytest.param("([1, 0], (-2.71, 67))", "([1, 0], (-2.71, 67))", id="bits beside numbers stay as shown"),
        pytest.param("(true, false)", "(true, false)", id="booleans stay as shown"),
        pytest.param("([0], [])", "([0], [])", id="an empty register stays as shown"),
        pytest.param("()", "()", id="nothing stays as shown"),
        pytest.param("Error 0x20: Lost", "Error 0x20: Lost", id="an error stays as shown"),
    ],
)
def test_displays_of_qir_results(display: str, outcome: str) -> None:
    """Bits lose their brackets and keep their order; anything else keeps its text."""
    assert json.loads(written(QIR, qir((display, 3))).data["counts.json"]) == {outcome: 3}


QIR_OF_BITS = b"call void @__quantum__rt__result_record_output(ptr null, ptr null)"
QIR_OF_NUMBERS = b"call void @__quantum__rt__int_record_output(i64 %a, ptr null)" + QIR_OF_BITS


@pytest.mark.parametrize(
    ("displays", "program", "outcomes"),
    [
        pytest.param(["(0, 0)", "(1, 2)"], None, ["(0, 0)", "(1, 2)"], id="a tuple of numbers"),
        pytest.param(["[0, 1]", "[1, 2]"], None, ["[0, 1]", "[1, 2]"], id="a list of numbers"),
        pytest.param(["(0, 0)", "(1, 1)"], QIR_OF_NUMBERS, ["(0, 0)", "(1, 1)"], id="the program records numbers"),
        pytest.param(["(0, 0)", "(1, 1)"], QIR_OF_BITS, ["0 0", "1 1"], id="the program records results"),
        pytest.param(["(0, 0)", "(1, 1)"], None, ["0 0", "1 1"], id="the program is gone, and all may be bits"),
        pytest.param(["[0, 1]", "[0, 2]"], QIR_OF_BITS, ["01", "[0, 2]"], id="a lost qubit that is shown as 2"),
        pytest.param(["[0, 1]", "[-, 1]"], None, ["01", "[-, 1]"], id="a lost qubit says nothing of the others"),
        pytest.param(["[0, 1]", "Error 0x20: Lost"], None, ["01", "Error 0x20: Lost"], id="nor does an error"),
        pytest.param(["[0, 1]", "[0, -1]"], None, ["[0, 1]", "[0, -1]"], id="a negative number does"),
        pytest.param(["[1]", "[]"], None, ["[1]", "[]"], id="lists of several lengths, one of them empty"),
        pytest.param(["[1]", "[0, 2]"], None, ["[1]", "[0, 2]"], id="lists of several lengths, one with a number"),
        pytest.param(["[[1], [0]]", "[[0, 2]]"], None, ["[[1], [0]]", "[[0, 2]]"], id="lists of lists likewise"),
        pytest.param(["[1, 0]", "([1, 0], 67)"], None, ["10", "([1, 0], 67)"], id="another shape says nothing of it"),
        pytest.param(["([0, 1], 1)", "([0, 1], 0.5)"], None, ["([0, 1], 1)", "([0, 1], 0.5)"], id="a fraction does"),
    ],
)
@pytest.mark.parametrize("output_format", [QIR, QIR_V1])
def test_all_outcomes_have_one_form(
    output_format: str, displays: list[str], program: bytes | None, outcomes: list[str]
) -> None:
    """A number that happens to be 0 or 1 is no bit, whichever outcomes it stands beside."""
    document: Any = qir(*((display, 5) for display in displays))
    if output_format == QIR_V1:
        document = {"Histogram": [part for display in displays for part in (display, 0.5)]}
    data = written(output_format, document, program=program).data
    assert json.loads(data["counts.json"]) == dict.fromkeys(outcomes, 5)


def test_outcomes_with_one_normal_form_are_added_up() -> None:
    """A histogram that lists an outcome twice loses none of its shots."""
    assert written(QIR, qir(("[0, 1]", 3), ("[0,1]", 4))).data["counts.json"] == '{"01": 7}'


def test_ionq_outcomes_are_as_wide_as_the_program() -> None:
    """State 1 of a program with five qubits has five characters, and probabilities are kept beside the counts."""
    data = written(IONQ, {"histogram": {"1": 0.25, "16": 0.75}}, program=b'{"qubits": 5, "circuit": []}').data
    assert data["counts.json"] == '{"00001": 3, "10000": 7}'
    assert data["probabilities.json"] == '{"00001": 0.25, "10000": 0.75}'


def test_ionq_has_up_to_256_qubits() -> None:
    """More would be an error of the program's author."""
    data = written(IONQ, {"histogram": {"0": 1}}, program=b'{"qubits": 256}').data
    assert data["counts.json"] == json.dumps({"0" * 256: 10})


def test_a_byte_order_mark_is_read_over() -> None:
    """Some services put one in front of JSON."""
    assert written(PASQAL, '\ufeff{"1": 4}').data["counts.json"] == '{"1": 4}'


def test_a_token_in_a_result_stays_out_of_the_configmap() -> None:
    """A ConfigMap is no place for credentials: the counts are written, the text is not."""
    data = written(QUANTINUUM, {"c": ["01"], "access_token": "s3cret"}).data
    assert data["counts.json"] == '{"01": 1}'
    assert data["registers"] == "c"
    assert data["resultOmitted"] == "HoldsCredential"
    assert "s3cret" not in str(data)


def test_a_token_in_a_broken_result_stays_out_as_well() -> None:
    """The text is searched before it is parsed."""
    data = written(QUANTINUUM, '{"access_token": "s3cret", ').data
    assert data["countsOmitted"] == "Malformed"
    assert "s3cret" not in str(data)
