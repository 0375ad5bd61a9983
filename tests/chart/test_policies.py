"""templates/policies.yaml: the admission of config/admission, for the namespaces that the release serves."""

import time
from typing import Any, Final

import pytest
import yaml

from chart.conftest import Render
from chart.helm import PROJECT, Manifest, Rendering
from chart.releases import Releases
from chart.test_release import job
from chart.values import NAMESPACED

KINDS: Final = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
POLICY: Final = """
apiVersion: quantumjobs.dev/v1alpha1
kind: QuantumPolicy
metadata: {name: limits, namespace: default}
spec: {allowedTargets: [nothing]}
"""
_NAME: Final = "quantumjob-operator-policies"
_SECONDS: Final = 60.0


def specs(objects: list[Manifest]) -> dict[str, Any]:
    """The specs by kind, without the names by which two of them belong together."""
    return {
        one["kind"]: {field: value for field, value in one["spec"].items() if field != "policyName"}
        for one in objects
        if one["kind"] in KINDS
    }


def test_there_is_none_by_default(default: Rendering) -> None:
    """It concerns the whole cluster, and fails closed: whoever administers that decides."""
    assert specs(default.objects) == {}


def test_it_is_that_of_the_project(render: Render) -> None:
    """Word for word, under the release's name."""
    rendering = render({"policies": {"enabled": True}})
    source = list(yaml.safe_load_all((PROJECT / "config/admission/quantumpolicies.yaml").read_text()))
    assert specs(rendering.objects) == specs(source)
    assert {rendering.only(kind)["metadata"]["name"] for kind in KINDS} == {_NAME}
    assert rendering.only(KINDS[1])["spec"]["policyName"] == _NAME


def test_it_judges_the_namespaces_of_the_release_only(render: Render) -> None:
    """Others may be another release's, of another version."""
    binding = render({**NAMESPACED, "policies": {"enabled": True}}).only(KINDS[1])
    assert binding["spec"]["matchResources"] == {
        "namespaceSelector": {
            "matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "In", "values": NAMESPACED["watchNamespaces"]}
            ]
        }
    }


@pytest.mark.cluster
@pytest.mark.slow
def test_an_upgrade_switches_it_on_and_off(releases: Releases) -> None:
    """With the policies that are there already; an uninstalled release judges nothing."""
    cluster = releases.cluster
    releases.install({})
    releases.served()
    cluster.kubectl("create", "-f", "-", stdin=POLICY)
    trying = ("create", "--dry-run=server", "-f", "-")

    def refused() -> bool:
        done = cluster.kubectl(*trying, stdin=job("bell", "default"), check=False)
        assert done.returncode == 0 or "by QuantumPolicy limits: allowed are nothing" in done.stderr
        return done.returncode != 0

    def within_time(*, expected: bool) -> None:
        deadline = time.monotonic() + _SECONDS
        while refused() is not expected:
            assert time.monotonic() < deadline, f"refused is {not expected} for ever"
            time.sleep(0.2)

    within_time(expected=False)
    releases.upgrade({"policies": {"enabled": True}})
    within_time(expected=True)
    releases.upgrade({})
    within_time(expected=False)
    releases.upgrade({"policies": {"enabled": True}})
    within_time(expected=True)
    releases.uninstall()
    within_time(expected=False)
