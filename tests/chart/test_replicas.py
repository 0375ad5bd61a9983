"""From one replica to two and back, on a real API server: strategies exclude each other's fields."""

import pytest

from chart.releases import RELEASE, Releases
from chart.values import REPLICATED

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def strategy(releases: Releases) -> str:
    """How the Deployment replaces pods."""
    return str(releases.get(f"deployment/{RELEASE}", "--namespace=quantumjob-system")["spec"]["strategy"]["type"])


def test_replicas_come_and_go_with_what_they_need(releases: Releases) -> None:
    """The strategy and the rights follow, upwards, downwards and back by a rollback."""
    releases.install({})
    assert strategy(releases) == "Recreate"
    releases.upgrade(REPLICATED)
    assert strategy(releases) == "RollingUpdate"
    assert releases.names("role", "--namespace=quantumjob-system") != set()
    releases.upgrade({})
    assert strategy(releases) == "Recreate"
    assert releases.names("role", "--namespace=quantumjob-system") == set()
    releases.helm.run("rollback", RELEASE, "2", "--namespace=quantumjob-system")
    assert strategy(releases) == "RollingUpdate"
    releases.helm.run("rollback", RELEASE, "3", "--namespace=quantumjob-system")
    assert strategy(releases) == "Recreate"
