"""The values of the core against the CRDs: a field that the API server does not know is pruned without a word."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from quantumjob_operator.model.budgetstatus import BudgetStatus
from quantumjob_operator.model.jobstatus import Condition, JobStatus
from quantumjob_operator.model.quantumbudget import BudgetSpec
from quantumjob_operator.model.quantumjob import JobSpec
from quantumjob_operator.model.quantumpolicy import PolicySpec
from quantumjob_operator.model.quantumworkspace import WorkspaceSpec

CRDS = Path(__file__).parents[3] / "crds"
JOBS = "quantumjobs.dev_quantumjobs.yaml"
WORKSPACES = "quantumjobs.dev_quantumworkspaces.yaml"
POLICIES = "quantumjobs.dev_quantumpolicies.yaml"
BUDGETS = "quantumjobs.dev_quantumbudgets.yaml"
Schema = dict[str, Any]


def declared(file: str, *path: str) -> Schema:
    """The schema of a part of an object, as its CRD declares it."""
    crd = yaml.safe_load((CRDS / file).read_text(encoding="utf-8"))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for step in path:
        schema = schema["items"] if step == "items" else schema["properties"][step]
    assert isinstance(schema, dict)
    return schema


def of_value(value: type) -> Schema:
    """The schema of a value's JSON, as it is written."""
    return TypeAdapter(value).json_schema(mode="serialization")


def fields(schema: Schema, root: Schema, prefix: str = "") -> Iterator[str]:
    """Every field of a schema, as a path; references and alternatives with null are followed."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    for alternative in schema.get("anyOf", ()):
        yield from fields(alternative, root, prefix)
    if "items" in schema:
        yield from fields(schema["items"], root, f"{prefix}[]")
    for name, inner in schema.get("properties", {}).items():
        yield f"{prefix}.{name}"
        yield from fields(inner, root, f"{prefix}.{name}")


@pytest.mark.parametrize(
    ("value", "file", "path"),
    [
        pytest.param(JobSpec, JOBS, ("spec",), id="the spec of a job"),
        pytest.param(JobStatus, JOBS, ("status",), id="the status of a job"),
        pytest.param(WorkspaceSpec, WORKSPACES, ("spec",), id="the spec of a workspace"),
        pytest.param(PolicySpec, POLICIES, ("spec",), id="the spec of a policy"),
        pytest.param(BudgetSpec, BUDGETS, ("spec",), id="the spec of a budget"),
        pytest.param(BudgetStatus, BUDGETS, ("status",), id="the status of a budget"),
        pytest.param(Condition, WORKSPACES, ("status", "conditions", "items"), id="a condition of a workspace"),
    ],
)
def test_every_field_of_a_value_is_declared(value: type, file: str, path: tuple[str, ...]) -> None:
    """A field that is written under a name the CRD lacks is gone at the next read, whatever depends on it."""
    known = declared(file, *path)
    ours = of_value(value)
    assert set(fields(ours, ours)) - set(fields(known, known)) == set()


@pytest.mark.parametrize(
    ("value", "file"),
    [
        pytest.param(JobSpec, JOBS, id="of a job"),
        pytest.param(WorkspaceSpec, WORKSPACES, id="of a workspace"),
        pytest.param(PolicySpec, POLICIES, id="of a policy"),
        pytest.param(BudgetSpec, BUDGETS, id="of a budget"),
    ],
)
def test_every_declared_field_of_spec_is_read(value: type, file: str) -> None:
    """A field that users may write and nobody reads would be silently without effect."""
    assert of_value(value)["properties"].keys() == declared(file, "spec")["properties"].keys()


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        pytest.param(("spec",), JobSpec, id="of the spec"),
        pytest.param(("spec", "program"), JobSpec.__annotations__["program"], id="of the program"),
    ],
)
def test_a_field_is_required_by_both_or_by_none(path: tuple[str, ...], ours: type) -> None:
    """What the API server lets through must be readable."""
    assert set(of_value(ours).get("required", ())) == set(declared(JOBS, *path).get("required", ()))


def test_the_states_are_those_of_the_crd() -> None:
    """A state beyond the enumeration would make the API server refuse the whole status."""
    states = of_value(JobStatus)["$defs"]["State"]["enum"]
    assert states == declared(JOBS, "status", "state")["enum"]
