"""The place of a job in the line of its target, which only a newer api-version tells."""

import uuid
from typing import Any

import httpx
import pytest

from emulator.jobs import Jobs

LATER = "2026-08-01-preview"


@pytest.fixture
def waiting(admin: httpx.Client, jobs: Jobs) -> Jobs:
    """Jobs that stay in Waiting."""
    admin.put("/settings", json={"waiting_seconds": 3600}).raise_for_status()
    return jobs


def position(wire: httpx.Client, job_id: str) -> Any:
    """Return the position that the service tells."""
    answer = wire.get(f"/jobs/{job_id}/queuePosition", params={"api-version": LATER}).raise_for_status()
    assert set(answer.json()) == {"queuePosition"}
    return answer.json()["queuePosition"]


def test_positions_count_from_zero_and_move_up(waiting: Jobs, wire: httpx.Client) -> None:
    """Only jobs that wait for the same target count."""
    forte = {"target": "ionq.qpu.forte-1"}
    first, second, third = waiting.queue(3, **forte)
    waiting.queue()
    assert [position(wire, job_id) for job_id in (first, second, third)] == [0, 1, 2]
    wire.post(f"/jobs/{first}:cancel").raise_for_status()
    assert [position(wire, job_id) for job_id in (first, second, third)] == [None, 0, 1]


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        pytest.param(250, 250, id="jobs of others stand before it"),
        pytest.param(999, 999, id="the last position that is told"),
        pytest.param(1000, None, id="beyond the first thousand"),
    ],
)
def test_others_stand_in_the_line_too(
    admin: httpx.Client, waiting: Jobs, wire: httpx.Client, ahead: int, told: int | None
) -> None:
    """How many is a setting."""
    admin.put("/settings", json={"others_ahead": ahead}).raise_for_status()
    (job_id,) = waiting.queue(target="ionq.qpu.forte-enterprise-1")
    assert position(wire, job_id) == told
    wire.post(f"/jobs/{job_id}:cancel").raise_for_status()


def test_the_call_is_of_the_newer_version_only(waiting: Jobs, wire: httpx.Client) -> None:
    """The older version does not know it, and the newer one is not taken for anything else."""
    (job_id,) = waiting.queue()
    assert wire.get(f"/jobs/{job_id}/queuePosition").status_code == 400
    assert wire.get(f"/jobs/{job_id}", params={"api-version": LATER}).status_code == 400
    assert wire.get(f"/jobs/{uuid.uuid4()}/queuePosition", params={"api-version": LATER}).status_code == 404
