"""The operator's image and the chart's values for a node, and what a test asks of the Pods that it made.

Must not live here: what has to be true of them (the tests).
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from chart.helm import Values
from chart.installation import Installation
from chart.releases import RELEASE, SYSTEM
from cluster.identities import TENANT
from devcluster.node import missing_for_a_node
from devcluster.progress import report_on_terminal
from images.base import DEBIAN
from images.build import Built, build_image
from images.engine import ENGINES, find_engine
from localstack.manifests import Manifest

REPLICAS: Final = 2
AUTHORITIES: Final = "authorities"
"""The ConfigMap with the authorities of certificates."""
OWN_WORKSPACE: Final = "platform"
"""The namespace in which the operator's own identity is allowed."""
_TOKENS: Final = "/var/run/secrets/azure/tokens"
_TOKEN: Final = "azure-identity-token"


def skip_unless_able() -> None:
    """Skip where no node can run or no image can be built for it; CI counts that as a failure."""
    missing = missing_for_a_node()
    if not any(map(shutil.which, ENGINES)) or not shutil.which("mmdebstrap"):
        missing.append("what builds images")
    if missing:
        pytest.skip(f"no node can run here; missing: {'; '.join(missing)} (make system-packages)")


def operator_image_in(folder: Path) -> Built:
    """The operator's image of the work tree, on a base of Debian's packages: no registry is asked."""
    skip_unless_able()
    return build_image("operator", find_engine(), base=DEBIAN, target=folder, report=report_on_terminal)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the operator is at the identity provider.

    Attributes:
        application: Its id.
        authority: The identity provider.
        endpoint: The workspace over TLS: a token is sent to nothing else.
    """

    application: str
    authority: str
    endpoint: str


def values(installation: Installation, image: Built, identity: Identity) -> Values:
    """Two replicas of the image that was built, with an identity of their own, watched by Prometheus.

    Args:
        installation: Where.
        image: The operator's.
        identity: The operator's.
    """
    emulator = installation.emulator
    allowed = installation.values(
        allowedEndpoints=[emulator.url, emulator.storage_origin, identity.endpoint],
        authority=identity.authority,
        instanceDiscovery=False,
        operatorIdentity=[
            {"namespace": OWN_WORKSPACE, "workspace": emulator.resource_id, "endpoint": identity.endpoint}
        ],
    )
    return {
        **allowed,
        **_as_workload_identity_mounts_it(identity),
        "image": {"repository": image.name.rpartition(":")[0]},
        "replicaCount": REPLICAS,
        "podDisruptionBudget": {"enabled": True},
        "caBundle": {"configMapName": AUTHORITIES},
        "metrics": {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}},
    }


def _as_workload_identity_mounts_it(identity: Identity) -> Values:
    """What Azure's webhook adds to a Pod with the label `azure.workload.identity/use`: no webhook runs here."""
    source = {"audience": "api://AzureADTokenExchange", "expirationSeconds": 3600, "path": _TOKEN}
    variables = {
        "AZURE_AUTHORITY_HOST": identity.authority,
        "AZURE_CLIENT_ID": identity.application,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_FEDERATED_TOKEN_FILE": f"{_TOKENS}/{_TOKEN}",
    }
    return {
        "extraEnv": [{"name": name, "value": value} for name, value in variables.items()],
        "extraVolumes": [{"name": _TOKEN, "projected": {"sources": [{"serviceAccountToken": source}]}}],
        "extraVolumeMounts": [{"name": _TOKEN, "mountPath": _TOKENS, "readOnly": True}],
    }


def in_pod(installed: Installation, pod: str, code: str) -> Any:
    """Run Python in a Pod of the operator; what kubectl says of it."""
    command = ["exec", pod, f"--namespace={SYSTEM}", "--", "/opt/operator/bin/python", "-c", code]
    return installed.releases.cluster.kubectl(*command, check=False)


def leader(installed: Installation) -> str:
    """Who holds the Lease: the name of a Pod, and more."""
    lease = installed.releases.get("lease", RELEASE, f"--namespace={SYSTEM}")
    return str(lease["spec"]["holderIdentity"])


def ready(installed: Installation) -> list[Manifest]:
    """The operator's Pods that are ready and stay."""
    return [
        pod
        for pod in installed.operators()
        if "deletionTimestamp" not in pod["metadata"]
        and any(one["ready"] for one in pod["status"].get("containerStatuses", ()))
    ]


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


def resident_mib(pod: Manifest) -> int:
    """How much memory the operator's process in a Pod takes."""
    return round(psutil.Process(process_of(pod["metadata"]["uid"])).memory_info().rss / 2**20)
