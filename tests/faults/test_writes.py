"""The operator's writes are told apart by their requests."""

import json
from typing import Any

import pytest

from devcluster.proxyrules import Request
from faults.jobs import API
from faults.writes import Write, write_of

JOB = f"{API}/namespaces/default/quantumjobs/one"
CLAIM = "quantumjobs.dev/claim"
FINALIZER = "quantumjobs.dev/cancel"


def claim(attempt: int) -> dict[str, Any]:
    """The patch of a claim."""
    return {"metadata": {"finalizers": [FINALIZER], "annotations": {CLAIM: json.dumps({"attempt": attempt})}}}


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PATCH", JOB, claim(1), Write.CLAIM),
        ("PATCH", JOB, claim(2), Write.LATER_ATTEMPT),
        ("PATCH", JOB, {"metadata": {"finalizers": [], "annotations": {CLAIM: None}}}, Write.RENOUNCE),
        ("PATCH", JOB, {"metadata": {"finalizers": ["another"]}}, Write.LET_GO),
        ("PATCH", f"{JOB}/status", {"status": {}}, Write.STATUS),
        ("DELETE", JOB, {}, Write.DELETE),
        ("POST", "/api/v1/namespaces/default/configmaps", {}, Write.OUTPUT),
        ("POST", "/api/v1/namespaces/default/events", {}, Write.EVENT),
        ("PATCH", f"{API}/namespaces/default/quantumworkspaces/default/status", {}, Write.WORKSPACE),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/system/leases/operator", {}, Write.LEASE),
        ("GET", JOB, {}, None),
        ("GET", f"{API}/quantumjobs?watch=1", {}, None),
        ("PATCH", JOB, {"metadata": {"labels": {}}}, None),
    ],
)
def test_what_a_request_writes(method: str, path: str, body: dict[str, Any], expected: Write | None) -> None:
    """One kind each; what only reads is none."""
    assert write_of(Request(method, path, json.dumps(body).encode())) is expected
