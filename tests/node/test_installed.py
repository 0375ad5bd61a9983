"""The chart as a user installs it, on a node that limits, confines and connects its Pods.

The tests build on each other, in this order: one installation, as a person has it.
"""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from chart.helm import Values
from chart.installation import WAIT, Installation, bell, until
from chart.releases import RELEASE, SYSTEM
from devcluster.errors import KubectlError
from images.build import Built
from localstack.manifests import PROJECT

pytestmark = pytest.mark.node

EXAMPLES: Final = PROJECT / "examples"
_REPLICAS: Final = 2
_MEMORY: Final = 512 * 1024 * 1024
_WRITE: Final = "import pathlib; pathlib.Path('/opt/operator/x').write_text('')"
_LIMIT: Final = """
import pathlib
places = "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"
print(next(pathlib.Path(one).read_text() for one in places if pathlib.Path(one).exists()))
"""


def values(installation: Installation, image: Built) -> Values:
    """Two replicas of the image that was built."""
    return installation.values() | {
        "image": {"repository": image.name.rpartition(":")[0]},
        "replicaCount": _REPLICAS,
        "podDisruptionBudget": {"enabled": True},
    }


@pytest.fixture(scope="module")
def installed(installation: Installation, operator_image: Built) -> Installation:
    """The operator as `helm install --wait` leaves it, and a workspace."""
    begun = time.monotonic()
    installation.releases.install(values(installation, operator_image), *WAIT)
    print(f"helm install --wait of {_REPLICAS} replicas: {time.monotonic() - begun:.1f} s")  # noqa: T201 - the figure
    installation.make_workspace()
    return installation


def in_pod(installed: Installation, pod: str, code: str) -> Any:
    """Run Python in a Pod of the operator; what kubectl says of it."""
    command = ["exec", pod, f"--namespace={SYSTEM}", "--", "/opt/operator/bin/python", "-c", code]
    return installed.releases.cluster.kubectl(*command, check=False)


def leader(installed: Installation) -> str:
    """The Pod that holds the Lease."""
    lease = installed.releases.get("lease", RELEASE, f"--namespace={SYSTEM}")
    return str(lease["spec"]["holderIdentity"])


def test_all_replicas_are_ready_from_the_image_that_was_built(installed: Installation, operator_image: Built) -> None:
    """Under Pod Security's `restricted`, as whoever the image says."""
    pods = installed.operators()
    statuses = [pod["status"]["containerStatuses"][0] for pod in pods]
    assert [(one["ready"], one["restartCount"]) for one in statuses] == [(True, 0)] * _REPLICAS
    assert {one["image"] for one in statuses} == {operator_image.name}


def test_limits_and_the_read_only_root_are_real(installed: Installation) -> None:
    """The kernel has the chart's limit, and refuses a write."""
    pod = installed.operators()[0]["metadata"]["name"]
    assert int(in_pod(installed, pod, _LIMIT).stdout) == _MEMORY
    assert "Read-only file system" in in_pod(installed, pod, _WRITE).stderr
    assert in_pod(installed, pod, "import os; print(os.getuid())").stdout == "65532\n"


def test_pod_that_is_not_restricted_is_refused_beside_it(installed: Installation) -> None:
    """So what runs there is."""
    with pytest.raises(KubectlError, match="violates PodSecurity"):
        installed.kubectl("run", "careless", "--image=localhost/pause:1", "--restart=Never")


def test_helm_test_finds_nothing_missing(installed: Installation) -> None:
    """By the name of the Service, which the cluster's DNS resolves."""
    told = installed.releases.helm.run("test", RELEASE, f"--namespace={SYSTEM}", "--timeout=90s")
    assert "Phase:          Succeeded" in told


@pytest.mark.parametrize(
    ("name", "shots", "outcomes"),
    [
        pytest.param("bell", 500, {"00", "11"}, id="in IonQ's format"),
        pytest.param("ghz", 100, {"000", "111"}, id="in OpenQASM"),
        pytest.param("qir", 100, {"01", "10"}, id="in QIR"),
    ],
)
def test_example_has_its_counts(installed: Installation, name: str, shots: int, outcomes: set[str]) -> None:
    """As `kubectl apply` takes it from examples/."""
    installed.kubectl("apply", f"--filename={EXAMPLES / name}.yaml")
    installed.finish(name)
    output = json.loads(installed.kubectl("get", "configmap", f"{name}-output", "--output=json"))
    counts = json.loads(output["data"]["counts.json"])
    assert (sum(counts.values()), set(counts)) == (shots, outcomes)


def test_example_with_a_mistake_fails(installed: Installation) -> None:
    """And is there to be read."""
    installed.kubectl("apply", f"--filename={EXAMPLES / 'broken'}.yaml")
    installed.finish("broken")
    assert [job["status"]["state"] for job in installed.jobs() if job["metadata"]["name"] == "broken"] == ["Failed"]


def test_leader_that_is_killed_is_succeeded_and_nothing_is_billed_twice(installed: Installation) -> None:
    """A job that runs meanwhile ends as it would have."""
    installed.emulator.behave(executing_seconds=5)
    installed.apply(bell("through-a-failover"))
    until(lambda: installed.billed().get("through-a-failover") == 1)
    first = leader(installed)
    (pod,) = [one for one in installed.operators() if one["metadata"]["name"] in first]
    os.kill(process_of(pod["metadata"]["uid"]), signal.SIGKILL)
    until(lambda: leader(installed) != first)
    installed.finish("through-a-failover")
    installed.apply(bell("after-a-failover"))
    installed.finish("after-a-failover")
    billed = installed.billed()
    assert (billed["through-a-failover"], billed["after-a-failover"]) == (1, 1)
    installed.emulator.behave(executing_seconds=0)


def process_of(uid: str) -> int:
    """The operator's process in a Pod, as the machine sees it."""
    for process in psutil.process_iter():
        try:
            groups = Path(f"/proc/{process.pid}/cgroup").read_text()
            if uid in groups and any("quantumjob-operator" in word for word in process.cmdline()):
                return process.pid
        except (OSError, psutil.Error):
            continue
    raise AssertionError("the operator's process is not found")


def test_rolling_upgrade_disturbs_no_job(installed: Installation, operator_image: Built) -> None:
    """New Pods take over while a job runs."""
    installed.emulator.behave(executing_seconds=5)
    installed.apply(bell("through-an-upgrade"))
    until(lambda: installed.billed().get("through-an-upgrade") == 1)
    before = {one["metadata"]["uid"] for one in installed.operators()}
    changed = values(installed, operator_image) | {"podAnnotations": {"example.org/again": "yes"}}
    installed.releases.upgrade(changed, *WAIT)
    installed.finish("through-an-upgrade")
    assert installed.billed()["through-an-upgrade"] == 1
    until(lambda: not before & {one["metadata"]["uid"] for one in installed.operators()})
    installed.emulator.behave(executing_seconds=0)


def test_uninstalling_leaves_the_objects_and_no_pod(installed: Installation) -> None:
    """Jobs first, as docs/install.md says, then the release; nothing of it runs on."""
    installed.kubectl("delete", "quantumjobs", "--all", "--timeout=90s")
    installed.uninstall()
    assert installed.releases.names("pods", f"--namespace={SYSTEM}") == set()
    assert installed.releases.names("crd", "quantumjobs.quantumjobs.dev") != set()
