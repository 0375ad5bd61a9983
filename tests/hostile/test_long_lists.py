"""Objects that are long in etcd and longer in memory: however many stand in a list, few of them are read at once."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, eventually
from hostile.apiserver import ApiServer
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

LONG: Final = 12
LISTS: Final = 400_000
MOST_MIB: Final = 400.0
"""Read at once as values, they are as much beside what the operator takes without them."""


def _long(number: int) -> bytes:
    manifest: dict[str, Any] = jobs.ionq(f"long-{number}", idempotencyKey="one", suspend=True)
    manifest["spec"]["parameters"] = {"a": [[]] * LISTS}
    return json.dumps(manifest, separators=(",", ":")).encode()


def _peak_mib(pid: int) -> float:
    """The most memory that a process has had since its start (proc(5), VmHWM, in KiB)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) / 1024


def test_long_objects_are_read_one_by_one(stack: Stack, api: ApiServer) -> None:
    """By an operator that starts, and by one that looks for who else has the key of a job."""
    place = JobNamespace.make(stack, "long-lists")
    answers = api.create_all(place.name, [("quantumjobs", _long(number)) for number in range(LONG)])
    assert all(answer.uid for answer in answers)
    stack.operator.stop()
    stack.operator.start()
    pid = stack.operator.pid
    place.apply(jobs.ionq("bell", idempotencyKey="one"))
    eventually(lambda: place.job("bell").get("status", {}).get("state") == "Succeeded", within=180.0)
    assert stack.operator.pid == pid
    assert _peak_mib(pid) < MOST_MIB
