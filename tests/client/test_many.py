"""The counts of many finished jobs: in pages, with flat memory, by the label that their sender kept.

The jobs are made directly on an API server without an operator, as they look after their end. `make bench-client` does
the same with 10,000.
"""

import json
import math
from collections.abc import Iterator
from typing import Final

import pytest

from client import many
from devcluster.controlplane import ControlPlane
from localstack.manifests import CRDS

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_JOBS: Final = 600
_SECONDS: Final = 60
_MEBIBYTES: Final = 200


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane with our kinds, and nobody who works on them."""
    with ControlPlane.start() as started:
        started.kubectl("apply", "--server-side", "-f", CRDS)
        started.wait_until_established("-f", CRDS)
        yield started


def test_their_counts_come_in_pages(plane: ControlPlane) -> None:
    """Every job once, with its parameter; in time, in few requests, and in as much memory as a few pages take."""
    many.make(plane.kubeconfig, _JOBS)
    found = many.read(plane.kubeconfig)
    assert len(found.rows) == 2 * _JOBS
    for row in found.rows:
        number = int(row["job"].removeprefix("many-"))
        assert float(row["theta"]) == number / 7
        assert int(row["count"]) == (number if row["outcome"] == "00" else 1000 - number % 1000)
    assert len({row["job"] for row in found.rows}) == _JOBS
    assert _listings(plane) == math.ceil(_JOBS / 250) + math.ceil(_JOBS / 50)
    print(f"{_JOBS} jobs: {found.seconds:.1f} s, peak {found.mebibytes:.0f} MiB")  # noqa: T201 - the figure
    assert found.seconds < _SECONDS
    assert found.mebibytes < _MEBIBYTES


def _listings(plane: ControlPlane) -> int:
    """How often the client asked for a page."""
    events = [json.loads(line) for line in plane.audit_log.read_text().splitlines()]
    return len(
        {one["auditID"] for one in events if one["verb"] == "list" and one["userAgent"].startswith("quantumjobs/")}
    )
