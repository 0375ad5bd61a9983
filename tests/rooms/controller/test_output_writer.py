"""Which parts of a result a job asks for."""

from typing import Any

import pytest

from quantumjob_operator.controller.output_writer import included
from quantumjob_operator.results import Part
from rooms.model.bodies import job


@pytest.mark.parametrize(
    ("output", "parts"),
    [
        pytest.param(None, None, id="nothing is said: all there is"),
        pytest.param({"labels": {"a": "b"}}, None, id="something else is said"),
        pytest.param({"includeResult": True}, None, id="the older form: all there is"),
        pytest.param({"includeResult": False}, set(), id="the older form: nothing"),
        pytest.param({"include": []}, set(), id="nothing"),
        pytest.param({"include": ["counts"]}, {Part.COUNTS}, id="one part"),
        pytest.param({"include": ["result", "probabilities"]}, {Part.RESULT, Part.PROBABILITIES}, id="two parts"),
        pytest.param(
            {"include": ["counts"], "includeResult": False}, {Part.COUNTS}, id="both, let pass by an older CRD"
        ),
    ],
)
def test_what_a_job_asks_for(output: dict[str, Any] | None, parts: set[Part] | None) -> None:
    """`include` names the parts, `includeResult` is its shorter form."""
    assert included(job({"output": output} if output else None).spec.output) == parts
