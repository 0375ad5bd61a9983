"""Helm on a cluster whose node runs the pods: what it waits for really happens."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from chart.helm import HelmError
from chart.installation import WAIT, Installation, bell
from chart.releases import RELEASE, SYSTEM

pytestmark = pytest.mark.cluster

_FROM_DEAD_PROXY = {"httpsProxy": "http://127.0.0.1:9", "noProxy": "127.0.0.1"}


@pytest.fixture(scope="module")
def installed(installation: Installation) -> Installation:
    """The operator, as `helm install --wait` leaves it, and a first job that has succeeded."""
    begun = time.monotonic()
    installation.releases.install(installation.values(), *WAIT)
    ready = time.monotonic() - begun
    installation.make_workspace()
    installation.apply(bell("first"))
    installation.finish("first")
    print(f"helm install --wait: {ready:.1f} s; first job Succeeded after {time.monotonic() - begun:.1f} s")  # noqa: T201 - the figure
    return installation


def test_first_job_succeeds(installed: Installation) -> None:
    """It is billed once, and its output is there."""
    (job,) = installed.jobs()
    assert job["status"]["state"] == "Succeeded"
    assert installed.billed() == {"first": 1}
    assert "counts.json" in installed.kubectl("get", "configmap", "first-output", "--output=jsonpath={.data}")


def test_operator_runs_as_its_pod_says(installed: Installation) -> None:
    """With its ServiceAccount's own token, bound to the pod, as a user without rights on the machine."""
    (pod,) = installed.operators()
    (container,) = pod["status"]["containerStatuses"]
    assert (container["ready"], container["restartCount"]) == (True, 0)
    requests = [line for line in installed.releases.cluster.audit_log.read_text().splitlines() if RELEASE in line]
    users = [line for line in requests if f'"username":"system:serviceaccount:{SYSTEM}:{RELEASE}"' in line]
    assert any(f'"authentication.kubernetes.io/pod-name":["{pod["metadata"]["name"]}"]' in line for line in users)
    assert "Forbidden" not in installed.node.logs(RELEASE)


def test_helm_test_checks_and_finds_nothing_missing(installed: Installation) -> None:
    """And the pod's log has a line for each thing."""
    told = installed.releases.helm.run("test", RELEASE, f"--namespace={SYSTEM}", "--timeout=90s")
    assert "Phase:          Succeeded" in told
    log = installed.node.logs(f"{RELEASE}-test")
    assert "may patch quantumjobs.quantumjobs.dev/status in all namespaces" in log
    assert "is ready" in log
    assert "MISSING" not in log


def test_upgrade_waits_for_the_new_pod_and_rollback_for_the_old_settings(installed: Installation) -> None:
    """With a proxy that is dead, through which the API server is not asked."""
    before = installed.operators()
    installed.releases.upgrade(installed.values() | {"proxy": _FROM_DEAD_PROXY}, *WAIT)
    (upgraded,) = installed.operators()
    assert upgraded["metadata"]["uid"] != before[0]["metadata"]["uid"]
    installed.releases.helm.run("rollback", RELEASE, f"--namespace={SYSTEM}", *WAIT)
    (back,) = installed.operators()
    assert back["spec"]["containers"][0].get("env") == before[0]["spec"]["containers"][0].get("env")
    installed.apply(bell("after"))
    installed.finish("after")
    assert installed.billed() == {"first": 1, "after": 1}


def test_install_that_can_not_start_is_not_called_a_success(installed: Installation) -> None:
    """Helm gives up, and the pod says why."""
    broken = {"image": {"repository": "registry.example.org/another"}, "crds": {"enabled": False}}
    values = {**broken, "fullnameOverride": "another", "rbac": {"create": False}}
    with pytest.raises(HelmError, match="not ready"):
        installed.releases.install(values, "--wait", "--timeout=3s", name="another")
    pods = installed.releases.get("pods", f"--namespace={SYSTEM}", "--selector=app.kubernetes.io/instance=another")
    (status,) = pods["items"][0]["status"]["containerStatuses"]
    assert status["state"]["waiting"]["reason"] == "ErrImageNeverPull"
    installed.releases.uninstall(name="another")


def test_check_names_what_is_missing(installed: Installation, tmp_path: Path) -> None:
    """One line for each right, and exit code 1, for an account that has none."""
    cluster = installed.releases.cluster
    kubeconfig = cluster.service_account_kubeconfig("default", "default")
    done = subprocess.run(
        [sys.executable, "-m", "quantumjob_operator", "check", "--watch-namespaces=research"],
        env={"KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert "ok       the API server knows us as system:serviceaccount:default:default" in lines
    assert any(line.startswith("MISSING  may not get secrets in the namespace research") for line in lines)
    assert kubeconfig.read_text().rsplit("token: ", 1)[1].strip() not in done.stdout + done.stderr
