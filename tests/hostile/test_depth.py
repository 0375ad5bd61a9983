"""Parameters may be nested as deep as the API server stores them, which is deeper than readers of JSON go."""

from typing import Any

import pytest

from quantumjob_operator.lifecycle import decide
from quantumjob_operator.lifecycle.observation import ABSENT
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.quantumjob import MAX_PARAMETER_DEPTH, MAX_PARAMETER_VALUES, parse_job
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


@pytest.mark.parametrize(
    ("parameters", "too_many"),
    [
        pytest.param({"x": [[]] * (MAX_PARAMETER_VALUES - 1)}, False, id="the most that are read"),
        pytest.param({"x": [[]] * MAX_PARAMETER_VALUES}, True, id="one empty list more"),
        pytest.param({"x": [0] * MAX_PARAMETER_VALUES}, True, id="one number more"),
        pytest.param({str(key): 0 for key in range(MAX_PARAMETER_VALUES + 1)}, True, id="one key more"),
        pytest.param({"x": [[0] * 100] * 100}, True, id="many in lists that are short"),
        pytest.param({"x": [[]] * 160_000}, True, id="as many as the API server stores"),
        pytest.param({"x": "[]," * 100_000}, False, id="a long text"),
    ],
)
def test_values_are_counted_before_anything_reads_them(parameters: dict[str, Any], *, too_many: bool) -> None:
    """Whatever is too much is not kept: small in JSON, it would fill the memory."""
    job = parse_job(job_body({"parameters": parameters}, managedFields=[{"fieldsV1": parameters}]))
    assert job.parameters_too_many is too_many
    assert job.spec.parameters == ({} if too_many else parameters)


@pytest.mark.parametrize("suspend", [False, True])
def test_job_with_too_many_values_is_refused_for_good(*, suspend: bool) -> None:
    """A suspended one, too: it ends, and says which field and what to do."""
    body = job_body({"parameters": {"x": [[]] * MAX_PARAMETER_VALUES}, "suspend": suspend})
    decision = decide(seen(parse_job(body), remote=ABSENT))
    failed = decision.status.condition(Kind.FAILED)
    assert failed is not None
    assert (failed.status, failed.reason) == ("True", "Rejected")
    assert "spec.parameters holds more than 10,000 values; shorten it in a new job" in failed.message


def test_job_whose_parameters_are_too_deep_is_refused_for_good() -> None:
    """It ends before anything is claimed or asked, and says what to do."""
    decision = decide(seen(new(parameters_too_deep=True)))
    failed = decision.status.condition(Kind.FAILED)
    assert failed is not None
    assert (failed.status, failed.reason) == ("True", "Rejected")
    assert "spec.parameters" in failed.message
