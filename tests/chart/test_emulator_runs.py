"""The local workspace as it is installed: the notes of the release lead to a first job that really ran."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chart.asrendered import AsRendered
from chart.helm import PROJECT
from chart.releases import RELEASE, SYSTEM, Releases
from chart.values import EMULATED
from workspace_emulator.storage.azurite_install import install

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_HOST = f"{RELEASE}-emulator.{SYSTEM}.svc"
_TENANT = "research"


@pytest.fixture
def running(releases: Releases, tmp_path: Path) -> Iterator[Releases]:
    """A release with the local workspace, whose containers run as processes."""
    releases.install(EMULATED)
    releases.served()
    started = AsRendered(releases, tmp_path, host=_HOST, azurite=install())
    kubeconfig = releases.cluster.service_account_kubeconfig(SYSTEM, RELEASE)
    with ExitStack() as stack:
        for name in (f"{RELEASE}-emulator", RELEASE):
            deployment = releases.get(f"deployment/{name}", f"--namespace={SYSTEM}")
            for container in deployment["spec"]["template"]["spec"]["containers"]:
                ours = name == RELEASE
                child = started.start(
                    container,
                    *(("--host=127.0.0.1", "--port=0") if ours else ()),
                    environment={"KUBECONFIG": str(kubeconfig)} if ours else {},
                )
                stack.callback(child.kill)
        yield releases
        # Finalizers are the operator's to take off, while it runs.
        for kind in ("quantumjobs", "quantumworkspaces"):
            releases.cluster.kubectl("delete", kind, "--all", "--all-namespaces", "--timeout=30s")
        releases.cluster.kubectl("delete", f"--namespace={_TENANT}", "secret/local-workspace", "--ignore-not-found")


def notes(releases: Releases) -> str:
    """The commands in the notes that tell the operator about the workspace, for a shell."""
    lines = releases.helm.run("status", RELEASE, f"--namespace={SYSTEM}").splitlines()
    first = next(number for number, line in enumerate(lines) if "kubectl create secret" in line)
    last = next(number for number, line in enumerate(lines) if number > first and not line.strip())
    return "\n".join(lines[first:last])


def test_notes_lead_to_a_first_job(running: Releases) -> None:
    """Signed in with the copied key, uploaded to Azurite by the Service's name, run, and read back."""
    kubectl = running.cluster.kubectl
    if not running.names(f"namespace/{_TENANT}"):
        kubectl("create", "namespace", _TENANT)
    subprocess.run(["bash", "-euc", notes(running)], env=running.environment(), cwd=PROJECT, check=True, timeout=60)
    kubectl("apply", f"--namespace={_TENANT}", "-f", PROJECT / "examples" / "bell.yaml")
    kubectl(
        "wait", f"--namespace={_TENANT}", "--for=condition=Finished", "quantumjob/bell", "--timeout=90s", timeout=120
    )
    job = running.get("quantumjob/bell", f"--namespace={_TENANT}")
    assert job["status"]["state"] == "Succeeded"
