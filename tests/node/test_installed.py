"""The chart as a user installs it, on a node that limits, confines and connects its Pods."""

from typing import Final

import pytest

from chart.installation import Installation
from chart.releases import RELEASE, SYSTEM
from devcluster.errors import KubectlError
from images.build import Built
from node.installing import REPLICAS, in_pod

pytestmark = pytest.mark.slow

_MEMORY: Final = 512 * 1024 * 1024
_WRITE: Final = "import pathlib; pathlib.Path('/opt/operator/x').write_text('')"
_LIMIT: Final = """
import pathlib
places = "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"
print(next(pathlib.Path(one).read_text() for one in places if pathlib.Path(one).exists()))
"""


def test_all_replicas_are_ready_from_the_image_that_was_built(installed: Installation, operator_image: Built) -> None:
    """Under Pod Security's `restricted`, as whoever the image says."""
    pods = installed.operators()
    statuses = [pod["status"]["containerStatuses"][0] for pod in pods]
    assert [(one["ready"], one["restartCount"]) for one in statuses] == [(True, 0)] * REPLICAS
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
    told = installed.releases.helm.run("test", RELEASE, f"--namespace={SYSTEM}", "--timeout=150s")
    assert "Phase:          Succeeded" in told
