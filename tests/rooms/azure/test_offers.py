"""What a workspace offers: rows of targets and of quotas become values."""

from typing import Any

import pytest

from quantumjob_operator.azure.offers import parse_quota, parse_quota_usage, parse_targets
from quantumjob_operator.azure.times import Unreadable


def test_a_provider_without_a_name_is_no_provider() -> None:
    """Else a list of nothing but empty rows would be an answer."""
    with pytest.raises(Unreadable):
        parse_targets({})


def test_targets_and_quotas() -> None:
    """Rows of both lists are read; a number that is missing stays missing."""
    row = {"id": "ionq", "targets": [{"id": "ionq.simulator", "currentAvailability": "Available"}]}
    assert [(t.provider, t.target, t.average_queue_time_seconds) for t in parse_targets(row)] == [
        ("ionq", "ionq.simulator", None)
    ]
    quota = parse_quota({"dimension": "qgs", "providerId": "ionq", "utilization": 2, "limit": 10.5})
    assert (quota.utilization, quota.holds, quota.limit) == (2.0, None, 10.5)


@pytest.mark.parametrize(
    ("row", "read"),
    [
        pytest.param(
            {"usage": {"standardMinutesLifetime": 42.0}}, {"standardMinutesLifetime": "42"}, id="as specified"
        ),
        pytest.param({"usage": {"a": 11.100000381469727, "b": None}}, {"a": "11.1"}, id="a float of 32 bits, and null"),
        pytest.param({"usage": {}}, {}, id="nothing is used"),
        pytest.param({"usage": None, "targetId": None, "scope": None}, {}, id="nulls"),
    ],
)
def test_what_is_used_of_an_offer(row: dict[str, Any], read: dict[str, str]) -> None:
    """Amounts are decimal texts."""
    assert parse_quota_usage({"providerId": "ionq", **row}).usage == read


@pytest.mark.parametrize("value", [10**400, float("inf"), float("nan"), 1e200, "7", True, [], None])
def test_numbers_beyond_reason(value: Any) -> None:
    """A number that no target can have is left out, and the target stays; of a quota it is an error, not a crash."""
    row = {"id": "a", "averageQueueTime": value, "numQubits": value, "targetProfile": 7}
    [target] = parse_targets({"id": "ionq", "targets": [row]})
    assert (target.target, target.average_queue_time_seconds, target.num_qubits) == ("a", None, None)
    assert target.target_profile is None
    if value is not None and value != 1e200:
        with pytest.raises(Unreadable):
            parse_quota({"dimension": "qgs", "limit": value})


def test_what_a_target_can_do() -> None:
    """Its size and its profile, where the service says so."""
    row = {"id": "h2-1", "numQubits": 56, "targetProfile": "Adaptive_RIF", "averageQueueTime": 7.9}
    [target] = parse_targets({"id": "quantinuum", "targets": [row]})
    assert (target.num_qubits, target.target_profile, target.average_queue_time_seconds) == (56, "Adaptive_RIF", 7)
