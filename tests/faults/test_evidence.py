"""The judge's rows, made from what a cluster, a ledger and a log say."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from devcluster.proxyrules import Exchange, Request
from faults.budgets import path_of, purses_of
from faults.evidence import alarms_of, begun_of, releases_of, runs_of, seen_of, told_of
from faults.judge import Alarm, Release, Run, Seen, Told
from faults.purse import Purse


def quantum_job(*, spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    """A succeeded object as the API server shows it."""
    conditions = [{"type": "Finished", "status": "True"}]
    return {
        "metadata": {"uid": "u1", **metadata},
        "spec": spec or {},
        "status": {"state": "Succeeded", "jobId": "j1", "conditions": conditions},
    }


def output(uid: str = "u1", job: str = "j1") -> dict[str, Any]:
    """An output ConfigMap."""
    return {"metadata": {"ownerReferences": [{"uid": uid}]}, "data": {"jobId": job}}


SEEN = Seen("u1", state="Succeeded", job="j1", finished=True)


@pytest.mark.parametrize(
    ("one", "outputs", "expected"),
    [
        pytest.param(quantum_job(), [], SEEN, id="ended without an output"),
        pytest.param(
            quantum_job(), [output()], Seen("u1", "Succeeded", "j1", finished=True, output=True), id="with its output"
        ),
        pytest.param(quantum_job(), [output(uid="u2"), output(job="j2")], SEEN, id="outputs of others"),
        pytest.param(
            quantum_job(deletionTimestamp="2026-11-22T10:00:00Z"),
            [],
            Seen("u1", "Succeeded", "j1", finished=True, leaving=True),
            id="being deleted",
        ),
        pytest.param(
            quantum_job(finalizers=["quantumjobs.dev/cancel"]),
            [],
            Seen("u1", "Succeeded", "j1", finished=True, leaving=True),
            id="still held after its end",
        ),
        pytest.param(
            {"metadata": {"uid": "u1", "finalizers": ["quantumjobs.dev/cancel"]}, "spec": {"suspend": True}},
            [],
            Seen("u1", suspended=True),
            id="without a status",
        ),
    ],
)
def test_object(one: dict[str, Any], outputs: list[dict[str, Any]], expected: Seen) -> None:
    """What counts for the verdict is read, and nothing else."""
    assert seen_of([one], outputs) == [expected]


def test_ledger() -> None:
    """Each row is a run of the object that its metadata name; a foreign job belongs to none."""
    rows = [
        {"job": "j1", "status": "Succeeded", "metadata": {"quantumjobs_uid": "u1"}},
        {"job": "j2", "status": "Waiting", "metadata": {}},
    ]
    assert runs_of(rows) == [Run("j1", "u1", "Succeeded"), Run("j2", "", "Waiting")]


def test_log() -> None:
    """An unconfirmed release is found by its line; lines that a kill cut off are passed over."""
    lines = [
        '{"level": "INFO", "message": "Succeeded: job j1 succeeded"}',
        '{"level": "ERROR", "message": "CancellationUnconfirmed: released", "namespace": "default", "name": "one"}',
        (
            '{"level": "WARNING", "message": "ObjectGone: the QuantumJob is gone", "uid": "u", '
            '"time": "2026-11-22T12:00:00.250Z"}'
        ),
        '{"level": "ERROR", "mess',
        "Traceback",
    ]
    at = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC).timestamp()
    assert alarms_of(lines) == [Alarm("u", "ObjectGone: the QuantumJob is gone", at)]
    assert list(releases_of(lines)) == [Release("default/one: CancellationUnconfirmed: released")]


def test_events() -> None:
    """Those about jobs, in the order of the store and not of their names or seconds."""

    def event(version: str, uid: str, kind: str = "QuantumJob", **more: Any) -> dict[str, Any]:
        about = {"kind": kind, "uid": uid}
        return {"metadata": {"resourceVersion": version}, "involvedObject": about, "reason": "R", "message": "m"} | more

    listed = [event("10", "u2", count=3), event("9", "u1"), event("11", "w1", kind="QuantumWorkspace")]
    assert told_of(listed) == [Told("u1", "R", "m"), Told("u2", "R", "m", count=3)]


@pytest.mark.parametrize(
    ("writes", "times"),
    [
        pytest.param([("A", 200), ("B", 200), ("A", 200)], 2, id="came, went and came again"),
        pytest.param([("A", 200), ("A", 200)], 1, id="holds on"),
        pytest.param([("A", 409), ("A", 422), ("A", 200)], 1, id="refused at first"),
        pytest.param([("A", None), ("B", 200), ("A", 200)], 2, id="the API server went down over the first write"),
    ],
)
def test_what_status_came_to_say(writes: list[tuple[str, int | None]], times: int) -> None:
    """Counted from what passed to the API server, whoever wrote it and whether or not they saw the answer."""
    path = "/apis/quantumjobs.dev/v1alpha1/namespaces/default/quantumjobs/one/status?fieldManager=x"

    def patch(reason: str) -> Request:
        said = [{"type": kind, "reason": reason, "message": "m"} for kind in ("Submitted", "Reconciling")]
        return Request("PATCH", path, json.dumps({"status": {"conditions": said}}).encode())

    begun = begun_of(Exchange(patch(reason), status, dropped=True) for reason, status in writes)
    assert begun["default/one", "A", "m"] == times


def budget_write(jobs: list[str], left: str, status: int = 200) -> Exchange:
    """A write of a budget's ledger that passed the proxy."""
    body = {
        "status": {
            "reservations": [json.dumps({"jobId": job}) for job in jobs],
            "totals": [{"unit": "jobs", "left": left}],
        }
    }
    request = Request("PATCH", f"{path_of('teaching')}/status", json.dumps(body).encode())
    return Exchange(request, status, dropped=False)


def test_a_budget_is_compared_with_the_ledger_and_with_all_that_was_written() -> None:
    """What is reserved beyond the limit is found; a bill that is higher than expected is no such thing."""
    status = {
        "totals": [{"unit": "jobs", "spent": "1"}],
        "reservations": ['{"jobId": "j2"}', '{"jobId": "j3", "endedAt": "2026-11-22T13:00:00Z"}', '{"jobId": "j5"}'],
    }
    runs = [
        {"job": job, "status": said, "metadata": {"quantumjobs_namespace": namespace}}
        for job, said, namespace in [
            ("j1", "Succeeded", "teaching"), ("j3", "Cancelled", "teaching"), ("j4", "Succeeded", "default"),
            ("j5", "Executing", "teaching"),
        ]
    ]  # fmt: skip
    writes = [
        budget_write(["j1"], "1"), budget_write(["j1", "j2"], "-1"), budget_write(["j2"], "-2"),
        budget_write(["j2", "j9"], "-3", status=409),
    ]  # fmt: skip
    (purse,) = purses_of([{"metadata": {"namespace": "teaching"}, "status": status}], runs, writes)
    assert purse == Purse(
        "teaching/research",
        spent=1,
        succeeded=1,
        ran=3,
        waiting=1,
        left=("j2",),
        overspent=("['j2'] with ['-1'] left",),
    )
