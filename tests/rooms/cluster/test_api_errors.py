"""What an answer of the API server means for the write that it answers."""

import json
from typing import Any

import pytest

from quantumjob_operator.cluster.api_errors import refusal

WRITE = "PATCH /apis/quantumjobs.dev/v1alpha1/namespaces/research/quantumjobs/bell/status"
READ = "GET /apis/quantumjobs.dev/v1alpha1/namespaces/research/quantumjobs/bell"


def _told(code: int, message: str = "because", **more: Any) -> bytes:
    return json.dumps({"kind": "Status", "status": "Failure", "code": code, "message": message} | more).encode()


@pytest.mark.parametrize(
    ("code", "text", "refused", "broken"),
    [
        pytest.param(403, _told(403, reason="Forbidden"), True, False, id="a right is missing"),
        pytest.param(422, _told(422, reason="Invalid"), True, False, id="the schema takes no such thing"),
        pytest.param(413, _told(413, "limit is 3145728"), True, False, id="a request that is too large"),
        pytest.param(500, _told(500, "etcdserver: request is too large"), True, True, id="too large for etcd"),
        pytest.param(
            500,
            _told(500, "rpc error: code = ResourceExhausted desc = trying to send message larger than max (3 vs. 2)"),
            True,
            True,
            id="too large for the connection to etcd",
        ),
        pytest.param(401, _told(401), False, False, id="who asks is not known"),
        pytest.param(409, _told(409, reason="Conflict"), False, False, id="somebody was faster"),
        pytest.param(429, _told(429), False, False, id="at the wrong moment"),
        pytest.param(
            500, _told(500, "failed calling webhook"), False, True, id="something behind the API server fails"
        ),
        pytest.param(500, b"<html>", False, False, id="a proxy fails"),
        pytest.param(503, _told(503, reason="ServiceUnavailable"), False, False, id="the API server is away"),
        pytest.param(504, _told(504, reason="Timeout"), False, False, id="it takes too long"),
    ],
)
def test_what_is_refused_for_longer(code: int, text: bytes, *, refused: bool, broken: bool) -> None:
    """By a right, the schema or the size of the object, which etcd's limit reaches clients as 500."""
    error = refusal(WRITE, code, text)
    assert (error.write_refused, error.broken_inside) == (refused, broken)
    assert not refusal(READ, code, text).write_refused
