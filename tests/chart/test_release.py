"""Install, upgrade, roll back, uninstall: as Helm really does it on a real API server."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from chart.helm import OPERATOR_CHART, PROJECT, WORKSPACE_CHART, HelmError, Values
from chart.releases import CRDS, RELEASE, SYSTEM, Releases
from chart.values import NAMESPACED, WORKSPACE

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_IN_THE_NAMESPACE = {
    "deployment.apps/quantumjob-operator",
    "service/quantumjob-operator",
    "serviceaccount/quantumjob-operator",
}
_WITHOUT_CRDS: Values = {"crds": {"enabled": False}}
_OURS = f"app.kubernetes.io/instance={RELEASE}"


def in_the_namespace(releases: Releases) -> set[str]:
    """The release's objects in its namespace."""
    return releases.names("deployments,services,serviceaccounts", f"--namespace={SYSTEM}", f"--selector={_OURS}")


def in_the_cluster(releases: Releases) -> set[str]:
    """The release's objects outside of namespaces, but for the definitions."""
    return releases.names("clusterroles,clusterrolebindings", f"--selector={_OURS}")


def job(name: str, namespace: str = "default") -> str:
    """A QuantumJob as JSON."""
    program = {"format": "ionq.circuit.v1", "source": "{}"}
    return json.dumps(
        {
            "apiVersion": "quantumjobs.dev/v1alpha1",
            "kind": "QuantumJob",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"provider": "ionq", "target": "ionq.simulator", "program": program},
        }
    )


def older_chart(folder: Path) -> Path:
    """The chart as it was before a printer column and a field of the status came."""
    chart = folder / "quantumjob-operator"
    shutil.copytree(OPERATOR_CHART, chart)
    path = chart / "files" / "crds" / "quantumjobs.dev_quantumjobs.yaml"
    definition = yaml.safe_load(path.read_text())
    (version,) = definition["spec"]["versions"]
    version["additionalPrinterColumns"].pop()
    path.write_text(yaml.safe_dump(definition))
    return chart


def columns(releases: Releases) -> int:
    """How many columns the served definition of QuantumJobs has."""
    (version,) = releases.get("crd", CRDS[0])["spec"]["versions"]
    return len(version["additionalPrinterColumns"])


class TestInstall:
    """`helm install`."""

    def test_all_objects_appear_and_the_kinds_are_served(self, releases: Releases) -> None:
        """And the notes tell how to go on."""
        notes = releases.install({})
        releases.served()
        assert in_the_namespace(releases) == _IN_THE_NAMESPACE
        assert len(in_the_cluster(releases)) == 5
        releases.cluster.kubectl("create", "-f", "-", stdin=job("bell"))
        assert "kubectl rollout status deployment/quantumjob-operator --namespace quantumjob-system" in notes
        assert "serves all namespaces" in notes

    def test_namespaced_release_needs_its_namespaces_only(self, releases: Releases) -> None:
        """Roles in them, nothing in the cluster."""
        namespaces = ["tenant-a", "tenant-b"]
        for name in namespaces:
            releases.cluster.kubectl("create", "namespace", name)
        values = NAMESPACED | {"watchNamespaces": namespaces, "rbac": {"aggregateClusterRoles": False}}
        notes = releases.install(values | _WITHOUT_CRDS)
        assert in_the_cluster(releases) == set()
        assert releases.names("crd", *CRDS) == set()
        assert all(releases.names("rolebindings", f"--namespace={name}", f"--selector={_OURS}") for name in namespaces)
        assert "leaves them to you" in notes

    def test_definitions_that_kubectl_applied_are_taken_over_when_told(self, releases: Releases) -> None:
        """Not silently: the error says whose they are."""
        releases.cluster.kubectl("apply", "--server-side", "-f", PROJECT / "crds")
        with pytest.raises(HelmError, match="invalid ownership metadata"):
            releases.install({})
        releases.install({}, "--take-ownership", "--force-conflicts")
        assert releases.get("crd", CRDS[0])["metadata"]["annotations"]["meta.helm.sh/release-name"] == RELEASE


class TestUpgrade:
    """`helm upgrade` and `helm rollback`."""

    def test_values_arrive_and_go_back(self, releases: Releases) -> None:
        """By the Deployment."""

        def variables() -> list[str]:
            deployment = releases.get("deployment", RELEASE, f"--namespace={SYSTEM}")
            (container,) = deployment["spec"]["template"]["spec"]["containers"]
            return [one["name"] for one in container.get("env", ())]

        releases.install(_WITHOUT_CRDS)
        releases.upgrade(_WITHOUT_CRDS | {"settings": {"workers": 8}})
        assert variables() == ["QUANTUMJOB_OPERATOR_WORKERS"]
        releases.helm.run("rollback", RELEASE, f"--namespace={SYSTEM}")
        assert variables() == []

    def test_definitions_are_upgraded_too_and_their_objects_stay(self, releases: Releases, tmp_path: Path) -> None:
        """What Helm's own folder for CRDs would never do."""
        releases.install({}, chart=older_chart(tmp_path))
        releases.served()
        releases.cluster.kubectl("create", "-f", "-", stdin=job("bell"))
        before = columns(releases)
        releases.upgrade({})
        assert columns(releases) == before + 1
        assert releases.names("quantumjobs", "--namespace=default") == {"quantumjob.quantumjobs.dev/bell"}

    def test_turning_namespaced_takes_the_rights_in_the_cluster_away(self, releases: Releases) -> None:
        """The ClusterRole goes with its binding."""
        releases.cluster.kubectl("create", "namespace", "tenant-c")
        releases.install(_WITHOUT_CRDS)
        releases.upgrade(_WITHOUT_CRDS | NAMESPACED | {"watchNamespaces": ["tenant-c"]})
        assert in_the_cluster(releases) == {
            f"clusterrole.rbac.authorization.k8s.io/quantumjob-operator-{name}" for name in ("view", "edit", "admin")
        }


class TestUninstall:
    """`helm uninstall`."""

    def test_definitions_and_jobs_stay(self, releases: Releases) -> None:
        """Everything else goes, and the same release can come back."""
        releases.install({})
        releases.served()
        releases.cluster.kubectl("create", "-f", "-", stdin=job("bell"))
        told = releases.uninstall()
        assert CRDS[0] in told
        assert in_the_namespace(releases) == in_the_cluster(releases) == set()
        assert releases.names("quantumjobs", "--namespace=default") == {"quantumjob.quantumjobs.dev/bell"}
        releases.install({})

    def test_kept_definitions_are_taken_over_by_another_release_when_told(self, releases: Releases) -> None:
        """As install.md says."""
        releases.install({})
        releases.uninstall()
        with pytest.raises(HelmError, match="invalid ownership metadata"):
            releases.install({}, name="another")
        releases.install({}, "--take-ownership", name="another")

    def test_definitions_go_if_they_are_not_kept(self, releases: Releases) -> None:
        """And all jobs with them, as the notes warn; without the hook, which needs a node (test_left_behind has it)."""
        assert "crds.keep is false" in releases.install({"crds": {"keep": False}})
        releases.served()
        releases.uninstall("--no-hooks")
        releases.cluster.kubectl("wait", "--for=delete", *(f"crd/{name}" for name in CRDS), "--timeout=30s")


class TestWorkspaceChart:
    """The second chart, once the kinds are there."""

    def test_it_can_be_changed_in_what_is_not_fixed(self, releases: Releases) -> None:
        """And the API server says why the rest can't."""
        releases.install({})
        releases.served()
        arguments = ("default-workspace", WORKSPACE_CHART, "--namespace=default")
        notes = releases.helm.run("install", *arguments, values=WORKSPACE)
        assert "kubectl get quantumworkspace default --namespace default" in notes
        releases.helm.run("upgrade", *arguments, values=WORKSPACE | {"maxJobsInFlight": 3})
        found = releases.get("quantumworkspace", "default", "--namespace=default")
        assert found["spec"] == WORKSPACE | {"maxJobsInFlight": 3}
        with pytest.raises(HelmError, match="location is fixed when the workspace is created"):
            releases.helm.run("upgrade", *arguments, values=WORKSPACE | {"location": "westus"})
