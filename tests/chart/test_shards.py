"""Several releases of the chart, each for namespaces of its own: they share the cluster and a workspace, no job."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import pytest

from chart.helm import Values
from chart.installation import SHORT_FENCE, WAIT, Installation, bell, states, until
from chart.releases import RELEASE, SYSTEM
from devcluster.audit import Audit

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_JOBS: Final = 10
_WITHOUT_WHAT_IS_SHARED: Final[Values] = {"crds": {"enabled": False}, "rbac": {"aggregateClusterRoles": False}}
_CLAIM: Final = "quantumjobs.dev/claim"


@dataclass(frozen=True, slots=True)
class Shards:
    """Two releases.

    Attributes:
        blue: A namespace of the first release, which brings what is there once in a cluster.
        green: A namespace of the second release.
        moving: Another namespace of the first release.
    """

    blue: Installation
    green: Installation
    moving: Installation

    def values(self, shard: str, *served: Installation) -> Values:
        """The values of a release that serves these namespaces."""
        shared = {} if shard == "blue" else _WITHOUT_WHAT_IS_SHARED
        return {
            "watchNamespaces": [one.namespace for one in served],
            **self.blue.values(clusterName="campus", **SHORT_FENCE),
            **shared,
        }

    def upgrade(self, shard: str, *served: Installation) -> None:
        """Let a release serve other namespaces."""
        values = self.values(shard, *served)
        self.blue.releases.upgrade(values, *WAIT, name=release(shard))


def holders(place: Installation, *names: str) -> set[str]:
    """The processes that have claimed jobs of a namespace: all of them, if none is named."""
    found = [job["metadata"] for job in place.jobs()]
    return {json.loads(job["annotations"][_CLAIM])["holder"] for job in found if not names or job["name"] in names}


def release(shard: str) -> str:
    """The release's name, which is its ServiceAccount's and begins the names of its pods."""
    return f"{RELEASE}-{shard}"


@pytest.fixture
def shards(installation: Installation) -> Iterator[Shards]:
    """Two releases that serve three namespaces of one workspace."""
    blue, green, moving = (replace(installation, namespace=name) for name in ("blue", "green", "moving"))
    two = Shards(blue, green, moving)
    releases = installation.releases
    for place in (blue, green, moving):
        releases.cluster.kubectl("create", "namespace", place.namespace)
    installation.emulator.behave(simulate=False)
    releases.install(two.values("blue", blue, moving), *WAIT, name=release("blue"))
    releases.install(two.values("green", green), *WAIT, name=release("green"))
    for place in (blue, green, moving):
        place.make_workspace()
    yield two
    for place in (blue, green, moving):
        place.kubectl("delete", "quantumjobs,quantumworkspaces", "--all")
    with releases.cluster.refusals_expected():
        for shard in ("blue", "green"):
            releases.uninstall(name=release(shard))
        releases.cluster.kubectl("wait", "--for=delete", "pods", "--all", f"--namespace={SYSTEM}")
    releases.cluster.kubectl("delete", "namespace", "blue", "green", "moving")
    installation.emulator.admin("DELETE", "settings")
    installation.clean()


def test_two_shards_never_touch_each_others_jobs(shards: Shards) -> None:
    """Each asks the API server for objects of its own namespaces alone; every job is claimed, paid and ended by one."""
    names = [f"job-{number}" for number in range(_JOBS)]
    served = {"blue": (shards.blue, shards.moving), "green": (shards.green,)}
    for place in (shards.blue, shards.green, shards.moving):
        place.apply(*map(bell, names))
    for place in (shards.blue, shards.green, shards.moving):
        place.finish()
        assert states(place.jobs()) == {"Succeeded": _JOBS}
        assert place.billed() == dict.fromkeys(names, 1)
    (blue,), (green,) = (set().union(*map(holders, places)) for places in served.values())
    assert blue != green
    audit = Audit(shards.blue.releases.cluster.audit_log)
    for shard, places in served.items():
        assert audit.namespaces(f"{SYSTEM}/{release(shard)}") == {place.namespace for place in places}


def test_namespace_moves_to_another_shard_while_its_jobs_run(shards: Shards) -> None:
    """For a while both serve it; nothing is lost, nothing is billed twice, and the new one goes on alone."""
    moving = shards.moving
    moving.emulator.behave(executing_seconds=15)
    names = [f"job-{number}" for number in range(_JOBS)]
    moving.apply(*map(bell, names))
    until(lambda: states(moving.jobs())["Executing"] == _JOBS)
    shards.upgrade("green", shards.green, moving)
    # Helm takes the rights from the pod that is about to end.
    with moving.releases.cluster.refusals_expected():
        shards.upgrade("blue", shards.blue)
    moving.apply(bell("later"))
    shards.green.apply(bell("neighbour"))
    moving.finish()
    shards.green.finish()
    assert states(moving.jobs()) == {"Succeeded": _JOBS + 1}
    assert moving.billed() == dict.fromkeys([*names, "later"], 1)
    assert holders(moving, "later") == holders(shards.green)
