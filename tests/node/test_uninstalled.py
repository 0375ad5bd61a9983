"""The end of the installation that the other files share, and an operator that comes without Helm afterwards."""

from pathlib import Path

import pytest

from chart.installation import Installation, bell, states
from chart.releases import RELEASE, SYSTEM
from images.build import Built
from release.parts import write_manifests


@pytest.mark.slow
def test_uninstalling_leaves_the_objects_and_no_pod(installed: Installation) -> None:
    """Jobs first, as docs/install.md says, then the release; nothing of it runs on."""
    kubectl = installed.releases.cluster.kubectl
    kubectl("delete", "quantumjobs", "--all", "--all-namespaces", "--timeout=150s")
    installed.uninstall()
    selector = f"--selector=app.kubernetes.io/instance={RELEASE}"
    assert installed.releases.names("pods,deployments,services,roles", f"--namespace={SYSTEM}", selector) == set()
    assert installed.releases.names("crd", "quantumjobs.quantumjobs.dev") != set()


@pytest.mark.node
def test_manifests_of_the_release_run_it_again(installed: Installation, operator_image: Built, tmp_path: Path) -> None:
    """install.yaml takes the definitions over, and a job finds an operator that may do all that it has to."""
    manifests = tmp_path / "install.yaml"
    write_manifests(manifests, operator_image.name.rpartition("/")[0])
    kubectl = installed.releases.cluster.kubectl
    kubectl("apply", "--server-side", "--force-conflicts", f"--filename={manifests}")
    allowed = "[{}]".format(",".join(f'"{one}"' for one in (installed.emulator.url, installed.emulator.storage_origin)))
    kubectl(
        "set",
        "env",
        f"deployment/{RELEASE}",
        f"QUANTUMJOB_OPERATOR_ALLOWED_ENDPOINTS={allowed}",
        f"--namespace={SYSTEM}",
    )
    kubectl("rollout", "status", f"deployment/{RELEASE}", f"--namespace={SYSTEM}", "--timeout=150s")
    installed.apply(bell("without-helm"))
    installed.finish("without-helm")
    assert states(installed.jobs()) == {"Succeeded": 1}
    installed.kubectl("delete", "quantumjobs", "--all", "--timeout=150s")
    kubectl("delete", "deployment", RELEASE, f"--namespace={SYSTEM}", "--timeout=150s")
