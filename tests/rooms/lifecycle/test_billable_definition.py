"""The digest of the billable definition: all that makes it another one changes it, and nothing else does."""

from typing import Any

import pytest

from quantumjob_operator.lifecycle.definition import billable_digest
from rooms.model.bodies import BELL, job

PROGRAM = BELL.encode()
QIR = {"program": {"format": "qir.v1", "source": BELL}}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"provider": "quantinuum"}, id="another provider"),
        pytest.param({"target": "ionq.qpu.aria-1"}, id="another target"),
        pytest.param({"program": {"format": "ionq.circuit.v2", "source": BELL}}, id="another input format"),
        pytest.param({"outputFormat": "ionq.quantum-results.v2"}, id="another output format"),
        pytest.param({"parameters": {"shots": 501}}, id="other parameters"),
        pytest.param({"sessionId": "a-session"}, id="a session"),
    ],
)
def test_another_purchase_has_another_digest(spec: dict[str, Any]) -> None:
    """A key that is used for both is noticed."""
    usual = {"outputFormat": "ionq.quantum-results.v1"}
    assert billable_digest(job(usual | spec), PROGRAM) != billable_digest(job(usual), PROGRAM)


def test_another_program_has_another_digest() -> None:
    """Its bytes count, wherever they come from."""
    assert billable_digest(job(), PROGRAM) != billable_digest(job(), PROGRAM + b" ")


@pytest.mark.parametrize(
    "spec", [{"name": "another"}, {"priority": "High"}, {"tags": ["one"]}, {"metadata": {"paper": "12"}}]
)
def test_what_is_not_bought_does_not_count(spec: dict[str, Any]) -> None:
    """Names and notes may change."""
    assert billable_digest(job(spec), PROGRAM) == billable_digest(job(), PROGRAM)


def test_without_an_output_format_nothing_is_bought() -> None:
    """It has to be named first."""
    assert billable_digest(job({"program": {"format": "unheard-of", "source": BELL}}), PROGRAM) is None
