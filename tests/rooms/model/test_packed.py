"""What a QuantumJob takes in memory, and that its long fields read like any other."""

import json
import pickle
import tracemalloc
from collections.abc import Callable
from typing import Any, Final

import pytest

from quantumjob_operator.model.naming import FINALIZER, RECOUNT_ANNOTATION, spec_digest
from quantumjob_operator.model.packed import Packed
from quantumjob_operator.model.quantumbudget import parse_budget
from quantumjob_operator.model.quantumjob import JobSpec, Program, parse_job
from quantumjob_operator.model.quantumworkspace import parse_workspace
from rooms.model.bodies import Body, job_body, workspace_body

Parse = Callable[[Body], object]
JOBS: Final = 5
BESIDE: Final = 8 * 1024
"""Bytes for everything else of an object."""
WIDE: Final = "\N{ATOM SYMBOL}\N{PARTY POPPER}"
LONG: Final = "a" * 100_000 + WIDE
SOURCE: Final = {"format": "honeywell.openqasm.v1", "source": LONG}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"parameters": {"note": LONG}}, id="a value that one character makes wide"),
        pytest.param({"parameters": {LONG: 1}}, id="a key that one character makes wide"),
        pytest.param({"parameters": {"items": [{"note": LONG}]}}, id="a wide text further down"),
        pytest.param({"parameters": {"items": [[]] * 9_990}}, id="as many small values as are kept"),
        pytest.param({"parameters": {f"key {number}": {} for number in range(9_990)}}, id="as many keys"),
        pytest.param({"program": SOURCE}, id="a program in the manifest that one character makes wide"),
        pytest.param({"metadata": {f"key {one}": "a" * 1_000 + WIDE for one in range(50)}}, id="metadata"),
        pytest.param(
            {"output": {"annotations": {f"key{one}": "a" * 1_000 + WIDE for one in range(32)}}}, id="annotations"
        ),
    ],
)
def test_a_job_takes_as_much_memory_as_its_json(spec: Body) -> None:
    """Whatever its user wrote there; objects stay in memory until they are deleted, also those that are finished."""
    _require_little_memory(job_body(spec))


MANY_LABELS: Final = {f"quantumjobs.dev/label-{number}": "x" for number in range(20_000)}
MANY_FINALIZERS: Final = [f"a.b/{number}" for number in range(50_000)]
LONG_TEXT: Final = {RECOUNT_ANNOTATION: LONG}
BUDGET: Final[Body] = {"workspaces": ["default"], "period": "Month", "limits": [{"amount": "1", "unit": "USD"}]}


@pytest.mark.parametrize(
    ("body", "parse"),
    [
        pytest.param(job_body(labels=MANY_LABELS), parse_job, id="the labels of a job"),
        pytest.param(job_body(finalizers=MANY_FINALIZERS), parse_job, id="the finalizers of a job"),
        pytest.param(workspace_body(finalizers=MANY_FINALIZERS), parse_workspace, id="the finalizers of a workspace"),
        pytest.param(workspace_body(BUDGET, finalizers=MANY_FINALIZERS), parse_budget, id="the finalizers of a budget"),
        pytest.param(workspace_body(BUDGET, annotations=LONG_TEXT), parse_budget, id="a wide wish for a new count"),
    ],
)
def test_metadata_takes_as_much_memory_as_its_json(body: Body, parse: Parse) -> None:
    """The API server bounds how long annotations are in all, but not how many labels and finalizers there are."""
    _require_little_memory(body, parse)


def _require_little_memory(body: Body, parse: Parse = parse_job) -> None:
    text = json.dumps(body, ensure_ascii=False)
    size = len(text.encode())
    parse(json.loads(text))
    tracemalloc.start()
    try:
        kept = [parse(json.loads(text)) for _ in range(JOBS)]
        taken = tracemalloc.get_traced_memory()[0] / len(kept)
    finally:
        tracemalloc.stop()
    assert taken < 1.1 * size + BESIDE


VALUES: Final[dict[str, Any]] = {
    "shots": 100,
    "z": [1.5, 1e300, -0.0, 0.1, 2**70, True, False, None, {"b": {"a": "ü"}}],
    "a": WIDE,
    "": "\x00\ud800",
}


def test_what_is_packed_reads_like_what_was_written() -> None:
    """In its order, also when the value goes to another process."""
    parameters = JobSpec(provider="p", target="t", program=Program("f"), parameters=VALUES).parameters
    assert isinstance(parameters, Packed)
    again = pickle.loads(pickle.dumps(parameters))  # noqa: S301 - our own
    for one in (parameters, again):
        assert (dict(one), list(one), len(one)) == (VALUES, list(VALUES), 4)
        assert (one == VALUES, one.get("shots"), one.get("count"), "a" in one) == (True, 100, None, True)


@pytest.mark.parametrize("values", [None, {}, VALUES], ids=["none", "empty", "some"])
def test_a_digest_is_that_of_the_values(values: dict[str, Any] | None) -> None:
    """Jobs that were sent before are recognised."""
    packed = JobSpec(provider="p", target="t", program=Program("f"), parameters=values).parameters
    assert (packed is None) is (values is None)
    told: dict[str, Any] = {"provider": "p", "target": "t", "input_format": "f", "output_format": "o"}
    told |= {"session_id": None, "program": b""}
    assert spec_digest(parameters=packed, **told) == spec_digest(parameters=values, **told)


def test_many_finalizers_are_written_as_they_were_read() -> None:
    """In their order, and ours among them."""
    job = parse_job(job_body(finalizers=[*MANY_FINALIZERS, FINALIZER]))
    assert (job.has_finalizer, list(job.finalizers)) == (True, [*MANY_FINALIZERS, FINALIZER])
    assert not parse_job(job_body(finalizers=[*MANY_FINALIZERS, f"{FINALIZER}s", f"a.{FINALIZER}"])).has_finalizer
    assert (job.finalizers[0], job.finalizers[-1:], len(job.finalizers)) == ("a.b/0", [FINALIZER], 50_001)
