"""What a workspace's status says of its offer, and what counts as a change of it."""

from typing import Any

import pytest

from quantumjob_operator.azure.offers import QuotaUsage, TargetStatus
from quantumjob_operator.controller.workspace_status import Offer, offer_shown, usual_wait
from quantumjob_operator.model.quotas import Quota

SIMULATOR = TargetStatus("ionq", "ionq.simulator", "Available", 100, 29, "Base")
ROW = {
    "provider": "ionq",
    "target": "ionq.simulator",
    "availability": "Available",
    "averageQueueTimeSeconds": 100,
    "numQubits": 29,
    "targetProfile": "Base",
}
QUOTA = Quota("qgs", "Workspace", "ionq", "Monthly", 1.0, 0.0, 10.0)
QUOTA_ROW = {
    "provider": "ionq",
    "dimension": "qgs",
    "scope": "Workspace",
    "period": "Monthly",
    "limit": 10.0,
    "utilization": 1.0,
    "holds": 0.0,
}


@pytest.mark.parametrize(
    ("before", "now", "written"),
    [
        pytest.param({}, {}, True, id="the first time"),
        pytest.param(ROW, {}, False, id="nothing changed"),
        pytest.param({**ROW, "availability": "Degraded"}, {}, True, id="the availability"),
        pytest.param({**ROW, "numQubits": 11}, {}, True, id="the size"),
        pytest.param({**ROW, "targetProfile": "Adaptive_RI"}, {}, True, id="the profile"),
        pytest.param({**ROW, "averageQueueTimeSeconds": 51}, {}, False, id="a wait that has not doubled"),
        pytest.param({**ROW, "averageQueueTimeSeconds": 50}, {}, True, id="a wait that has doubled"),
        pytest.param({**ROW, "averageQueueTimeSeconds": 199}, {}, False, id="a wait that has not halved"),
        pytest.param({**ROW, "averageQueueTimeSeconds": 200}, {}, True, id="a wait that has halved"),
        pytest.param({**ROW, "averageQueueTimeSeconds": 0}, {"queue": 9}, False, id="a wait of seconds is none"),
        pytest.param({**ROW, "averageQueueTimeSeconds": 9}, {"queue": 20}, True, id="a wait that comes up"),
        pytest.param(
            {**ROW, "averageQueueTimeSeconds": 9}, {"queue": None}, True, id="a wait that is not told any more"
        ),
    ],
)
def test_which_targets_are_written(before: dict[str, Any], now: dict[str, Any], *, written: bool) -> None:
    """All of them if any has changed; queue times drift all the time, and a write of each would cost for ever."""
    queue = now.get("queue", 100)
    told = TargetStatus("ionq", "ionq.simulator", "Available", queue, 29, "Base")
    changed = offer_shown(Offer([told]), {"targets": [before]} if before else {})
    assert ("targets" in changed) is written


def test_what_is_shown_of_a_target() -> None:
    """What the service does not say is left out."""
    bare = TargetStatus("ionq", "ionq.qpu", "Available", None)
    assert offer_shown(Offer([SIMULATOR, bare]), {}) == {
        "targets": [{"provider": "ionq", "target": "ionq.qpu", "availability": "Available"}, ROW]
    }


@pytest.mark.parametrize(
    ("before", "told", "changed"),
    [
        pytest.param([], [QUOTA], {"quotas": [QUOTA_ROW]}, id="the first time"),
        pytest.param([QUOTA_ROW], [QUOTA], {}, id="nothing changed"),
        pytest.param([QUOTA_ROW], [], {"quotas": None}, id="there are none any more"),
        pytest.param([], [], {}, id="there were none"),
        pytest.param([QUOTA_ROW], None, {}, id="no answer about them"),
    ],
)
def test_which_quotas_are_written(
    before: list[dict[str, Any]], told: list[Quota] | None, changed: dict[str, Any]
) -> None:
    """A list that became empty is cleared; silence changes nothing."""
    assert offer_shown(Offer((), told), {"quotas": before}) == changed


USAGE = QuotaUsage("ionq", "Target", "", {"shots": "7"})
USAGE_ROW = {"provider": "ionq", "scope": "Target", "usage": {"shots": "7"}}


@pytest.mark.parametrize(
    ("before", "told", "changed"),
    [
        pytest.param([], [USAGE], {"quotaUsages": [USAGE_ROW]}, id="the first time"),
        pytest.param([USAGE_ROW], [USAGE], {}, id="nothing changed"),
        pytest.param([], [QuotaUsage("qci", "Target", "", {})], {}, id="an offer of which nothing is used"),
        pytest.param([], [QuotaUsage("\u200b", "Target", "", {"shots": "7"})], {}, id="a provider without a name"),
        pytest.param([USAGE_ROW], [], {"quotaUsages": None}, id="they are refused now"),
        pytest.param([USAGE_ROW], None, {}, id="no answer about them"),
    ],
)
def test_which_usages_are_written(
    before: list[dict[str, Any]], told: list[QuotaUsage] | None, changed: dict[str, Any]
) -> None:
    """As with quotas."""
    assert offer_shown(Offer(usages=told), {"quotaUsages": before}) == changed


@pytest.mark.parametrize(
    ("provider", "target", "seconds"),
    [
        pytest.param("ionq", "ionq.simulator", 100, id="as the workspace spells it"),
        pytest.param("IonQ", "ionq.simulator", 100, id="a provider spelled in another way"),
        pytest.param("ionq", "ionq.qpu", None, id="a target that tells no time"),
        pytest.param("qci", "qci.none", None, id="a target that is not offered"),
    ],
)
def test_the_usual_wait_of_a_target(provider: str, target: str, seconds: int | None) -> None:
    """From the status of the workspace."""
    status = {"targets": [ROW, {"provider": "ionq", "target": "ionq.qpu"}]}
    assert (usual_wait(status, provider, target), usual_wait({}, provider, target)) == (seconds, None)
