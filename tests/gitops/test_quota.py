"""The sample of a ResourceQuota, on a real API server."""

import itertools
import json
from typing import Final

import pytest
import yaml

from cluster import jobs
from cluster.jobnamespace import JobNamespace, eventually
from localstack.manifests import PROJECT
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_SAMPLE: Final = PROJECT / "docs" / "gitops" / "quota.yaml"
_JOBS: Final = "count/quantumjobs.quantumjobs.dev"
_WORKSPACES: Final = "count/quantumworkspaces.quantumjobs.dev"
_SECONDS: Final = 90.0


def test_quota_limits_the_number_of_jobs(stack: Stack) -> None:
    """One too many is refused with words that name the quota; when one goes, there is room again."""
    place, limits = JobNamespace.make(stack, "quota"), itertools.count(2)
    sample = yaml.safe_load(_SAMPLE.read_text())
    assert sample["spec"]["hard"].keys() == {_JOBS, _WORKSPACES}
    sample["spec"]["hard"][_JOBS] = "1"
    stack.apply(sample, namespace=place.name)

    def empty() -> bool:
        # Kinds that came lately are counted with the next change of a quota, or minutes later.
        place.patch("resourcequota", "quantum-jobs", {"spec": {"hard": {_WORKSPACES: str(next(limits))}}})
        status = stack.get("resourcequota", "quantum-jobs", namespace=place.name)["status"]
        return bool(status.get("used", {}).get(_JOBS) == "0")

    eventually(empty, within=_SECONDS)
    place.apply(jobs.ionq("first"))
    second = json.dumps(jobs.ionq("second"))
    refused = stack.cluster.kubectl("create", f"--namespace={place.name}", "-f", "-", stdin=second, check=False)
    assert refused.returncode == 1
    assert "exceeded quota: quantum-jobs" in refused.stderr
    place.wait("first")
    place.delete("first")
    eventually(empty, within=_SECONDS)
    place.apply(jobs.ionq("second"))
    place.wait("second", "Complete")
