"""Parameters may be nested as deep as the API server stores them, which is deeper than readers of JSON go."""

from typing import Any

import pytest

from quantumjob_operator.lifecycle import decide
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.quantumjob import MAX_PARAMETER_DEPTH, parse_job
from rooms.lifecycle.observations import new, seen
from rooms.model.bodies import job_body

AS_DEEP_AS_THE_API_SERVER_STORES = 9_900


def lists_in_lists(levels: int) -> dict[str, Any]:
    """An object that holds lists in lists: so many levels in all."""
    inner: Any = []
    for _ in range(levels - 2):
        inner = [inner]
    return {"deep": inner}


def objects_in_objects(levels: int) -> dict[str, Any]:
    """Objects in objects: so many levels in all."""
    inner: dict[str, Any] = {}
    for _ in range(levels - 1):
        inner = {"deep": inner}
    return inner


@pytest.mark.parametrize("nested", [lists_in_lists, objects_in_objects])
@pytest.mark.parametrize(
    ("levels", "too_deep"),
    [
        pytest.param(MAX_PARAMETER_DEPTH, False, id="the deepest that is read"),
        pytest.param(MAX_PARAMETER_DEPTH + 1, True, id="one level more"),
        pytest.param(AS_DEEP_AS_THE_API_SERVER_STORES, True, id="as deep as the API server stores"),
    ],
)
def test_depth_is_measured_without_recursion(nested: Any, levels: int, *, too_deep: bool) -> None:
    """Whatever is too deep is dropped before anything reads it, the copy of its shape in managedFields too."""
    parameters = nested(levels)
    job = parse_job(job_body({"parameters": parameters}, managedFields=[{"fieldsV1": parameters}]))
    assert job.parameters_too_deep is too_deep
    assert (job.spec.parameters == {}) is too_deep


def test_job_whose_parameters_are_too_deep_is_refused_for_good() -> None:
    """It ends before anything is claimed or asked, and says what to do."""
    decision = decide(seen(new(parameters_too_deep=True)))
    failed = decision.status.condition(Kind.FAILED)
    assert failed is not None
    assert (failed.status, failed.reason) == ("True", "Rejected")
    assert "spec.parameters" in failed.message
