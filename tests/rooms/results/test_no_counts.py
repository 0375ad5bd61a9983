"""A result that gives no counts says why, and none are made up for it."""

import json
from typing import Any

import pytest

from rooms.results.documents import IONQ, PASQAL, QIR, QIR_V1, QUANTINUUM, RIGETTI, qir, written


def test_probabilities_without_shots_give_no_counts() -> None:
    """Counts are never made up: the reason says what is missing."""
    data = written(IONQ, {"histogram": {"0": 0.5, "7": 0.5}}, shots=None).data
    assert data["probabilities.json"] == '{"000": 0.5, "111": 0.5}'
    assert data["countsOmitted"] == "ShotsUnknown"
    assert "counts.json" not in data


@pytest.mark.parametrize(
    "shots",
    [pytest.param(value, id=str(value)) for value in (0, -5, True, "100", 2.5, 10**30, [10], float("nan"))],
)
def test_shots_that_are_no_number_of_shots_give_no_counts(shots: Any) -> None:
    """Parameters are any JSON, so that anything may stand there."""
    assert written(IONQ, {"histogram": {"0": 1}}, shots=shots).data["countsOmitted"] == "ShotsUnknown"


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(None, id="the program is gone"),
        pytest.param(b"", id="an empty program"),
        pytest.param(b"\xff", id="a program that is no text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"circuit": []}', id="no number"),
        pytest.param(b'{"qubits": "3"}', id="a string"),
        pytest.param(b'{"qubits": true}', id="a boolean"),
        pytest.param(b'{"qubits": 0}', id="none at all"),
        pytest.param(b'{"qubits": 257}', id="one more than anybody has"),
        pytest.param(b'{"qubits": 1000000000}', id="too many to write out"),
    ],
)
def test_a_width_is_never_guessed(program: bytes | None) -> None:
    """Without the number of qubits there are neither counts nor probabilities, but the result itself."""
    data = written(IONQ, {"histogram": {"0": 1}}, program=program).data
    assert data["countsOmitted"] == "QubitsUnknown"
    assert data["result"] == '{"histogram": {"0": 1}}'
    assert not {"counts.json", "probabilities.json"} & set(data)


MALFORMED = [
    pytest.param(IONQ, "", id="nothing"),
    pytest.param(IONQ, "<html>", id="no JSON"),
    pytest.param(IONQ, "null", id="null"),
    pytest.param(IONQ, "{}", id="no histogram"),
    pytest.param(IONQ, {"histogram": [0.5]}, id="a list as histogram"),
    pytest.param(IONQ, {"histogram": {}}, id="an empty histogram"),
    pytest.param(IONQ, '{"histogram": {"0": NaN, "1": 1}}', id="not a number"),
    pytest.param(IONQ, '{"histogram": {"0": Infinity}}', id="infinity"),
    pytest.param(IONQ, '{"histogram": {"0": 1e999}}', id="a number beyond floats"),
    pytest.param(IONQ, '{"histogram": {"0": 1' + 400 * "0" + "}}", id="an integer beyond floats"),
    pytest.param(IONQ, '{"histogram": {"0": 1' + 5000 * "0" + "}}", id="an integer beyond what Python reads"),
    pytest.param(IONQ, {"histogram": {"0": -0.5, "1": 1.5}}, id="a negative probability"),
    pytest.param(IONQ, {"histogram": {"0": 0.5, "1": 0.4}}, id="probabilities that do not add up"),
    pytest.param(IONQ, {"histogram": {"0": True}}, id="a boolean as probability"),
    pytest.param(IONQ, {"histogram": {"8": 1}}, id="a state beyond the qubits"),
    pytest.param(IONQ, {"histogram": {"-1": 1}}, id="a negative state"),
    pytest.param(IONQ, {"histogram": {"01": 1}}, id="a state with a leading zero"),
    pytest.param(IONQ, {"histogram": {"٣": 1}}, id="a state in other digits"),
    pytest.param(IONQ, {"histogram": {"9" * 6000: 1}}, id="a state of thousands of digits"),
    pytest.param(IONQ, '{"histogram": {"0": 0.5, "0": 0.5}}', id="a state that stands twice"),
    pytest.param(IONQ, '{"histogram": ' + 100_000 * "[" + 100_000 * "]" + "}", id="a very deep document"),
    pytest.param(QUANTINUUM, {}, id="no register"),
    pytest.param(QUANTINUUM, {"c": "01"}, id="a string as register"),
    pytest.param(QUANTINUUM, {"c": [1, 0]}, id="numbers as outcomes"),
    pytest.param(QUANTINUUM, {"c": ["01", "1"]}, id="outcomes of two widths"),
    pytest.param(QUANTINUUM, {"c": ["0", "1"], "d": ["0"]}, id="registers of two lengths"),
    pytest.param(QUANTINUUM, {"a b": ["0"], "c": ["1"]}, id="a register with a space in its name"),
    pytest.param(QUANTINUUM, {"": ["0"]}, id="a register without a name"),
    pytest.param(QUANTINUUM, {"a\ud800": ["0"]}, id="a name that is no text"),
    pytest.param(RIGETTI, {"ro": [0, 1]}, id="shots that are no lists"),
    pytest.param(RIGETTI, {"ro": [[0, 1], [0]]}, id="shots of two widths"),
    pytest.param(PASQAL, {"01": 1, "1": 1}, id="bit strings of two widths"),
    pytest.param(PASQAL, '{"01": 1, "01": 2}', id="a bit string that stands twice"),
    pytest.param(PASQAL, {"01": -1}, id="a negative count"),
    pytest.param(PASQAL, {"01": 1.5}, id="half a count"),
    pytest.param(PASQAL, {"01": True}, id="a boolean as count"),
    pytest.param(PASQAL, '{"01": 1' + 4000 * "0" + "}", id="a count beyond all shots"),
    pytest.param(PASQAL, {"counter": [1]}, id="a counter that is a list"),
    pytest.param(QIR, qir() | {"DataFormat": QIR_V1}, id="another format than the job's"),
    pytest.param(QIR, {"DataFormat": QIR, "Results": []}, id="no results"),
    pytest.param(QIR, {"DataFormat": QIR, "Results": [1]}, id="a result that is no object"),
    pytest.param(QIR, {"DataFormat": QIR, "Results": [{"Shots": []}]}, id="no histogram of QIR"),
    pytest.param(QIR, {"DataFormat": QIR, "Results": [{"Histogram": [{"Count": 1}]}]}, id="no display"),
    pytest.param(QIR, {"DataFormat": QIR, "Results": [{"Histogram": [{"Display": "0"}]}]}, id="no count"),
    pytest.param(QIR_V1, {"Histogram": ["[0]"]}, id="half a pair"),
    pytest.param(QIR_V1, {"Histogram": [0.5, "[0]"]}, id="a pair the wrong way round"),
]


@pytest.mark.parametrize(("output_format", "document"), MALFORMED)
def test_a_malformed_result_is_kept_without_counts(output_format: str, document: Any) -> None:
    """The user gets what the provider wrote and the reason, never an invented histogram."""
    data = written(output_format, document).data
    assert data["result"] == (document if isinstance(document, str) else json.dumps(document))
    assert data["countsOmitted"] == "Malformed"
    assert not {"counts.json", "probabilities.json", "registers"} & set(data)


@pytest.mark.parametrize(
    ("output_format", "document", "reason"),
    [
        pytest.param("microsoft.resource-estimates.v1", {"a": 1}, "UnknownFormat", id="a format without counts"),
        pytest.param(QUANTINUUM, {"c": ["0x"]}, "NotBits", id="other characters than bits"),
        pytest.param(QUANTINUUM, {"c": [""]}, "NotBits", id="a register without bits"),
        pytest.param(RIGETTI, {"ro": [[0.5, 1]]}, "NotBits", id="a register of reals"),
        pytest.param(RIGETTI, {"ro": [[1.0]]}, "NotBits", id="a real that equals a bit"),
        pytest.param(RIGETTI, {"ro": [[2]]}, "NotBits", id="a register of octets"),
        pytest.param(RIGETTI, {"ro": [[[0, 1]]]}, "NotBits", id="a register of complex numbers"),
        pytest.param(RIGETTI, {"ro": [[]]}, "NotBits", id="a shot without bits"),
        pytest.param(PASQAL, {"0r": 5}, "NotBits", id="states instead of bits"),
        pytest.param(
            QIR, {"DataFormat": QIR, "Results": qir()["Results"] * 2}, "SeveralResults", id="a batch of results"
        ),
    ],
)
def test_what_has_no_counts_says_why(output_format: str, document: Any, reason: str) -> None:
    """Sound results that are no histogram of bits are told from broken ones."""
    data = written(output_format, document).data
    assert data["countsOmitted"] == reason
    assert "counts.json" not in data
