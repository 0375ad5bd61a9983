"""Signing in without a secret, from a Pod: by tokens that the kubelet projects, and by those of a namespace.

The identity provider is the emulator's; it checks the tokens by the cluster's published keys.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from chart.installation import Installation, bell, states
from cluster.identities import Directory, operator_identity, service_account, workload_identity
from devcluster.proxy import TlsProxy
from localstack import manifests
from localstack.manifests import Manifest
from node.installing import OWN_WORKSPACE, in_pod

pytestmark = pytest.mark.node

_TENANT: Final = "tenant"
_READ: Final = "import os; print(open(os.environ['AZURE_FEDERATED_TOKEN_FILE']).read().count('.'))"
Credentials = Callable[[Directory], list[Manifest]]


def of_the_operator(directory: Directory) -> list[Manifest]:
    """Nothing is set up in the namespace: the chart's values allow it."""
    del directory
    return [workspace_with(operator_identity())]


def of_the_namespace(directory: Directory) -> list[Manifest]:
    """A ServiceAccount that an application trusts."""
    application = directory.new_application()
    directory.federate(application, _TENANT)
    return [service_account(), workspace_with(workload_identity(application))]


def workspace_with(credentials: Manifest) -> Manifest:
    """A workspace whose address is filled in later."""
    return {"kind": "QuantumWorkspace", "spec": {"credentials": credentials}}


@pytest.mark.parametrize(
    ("namespace", "credentials"),
    [
        pytest.param(OWN_WORKSPACE, of_the_operator, id="the operator's, by a token that the kubelet projects"),
        pytest.param(_TENANT, of_the_namespace, id="the namespace's, by a token that the operator asks for"),
    ],
)
def test_job_runs_as_an_application(
    installed: Installation, directory: Directory, secured: TlsProxy, namespace: str, credentials: Credentials
) -> None:
    """Without a Secret in its namespace; and it is billed once."""
    place = replace(installed, namespace=namespace)
    place.releases.cluster.kubectl("create", "namespace", namespace)
    granted = directory.granted()
    place.apply(*(filled_in(place, secured.url, one) for one in credentials(directory)))
    place.kubectl("wait", "--for=condition=Ready", "quantumworkspace/default", "--timeout=150s", timeout=170)
    assert directory.granted() > granted
    place.apply(bell("bell"))
    place.finish("bell")
    assert states(place.jobs()) == {"Succeeded": 1}
    assert place.billed() == {"bell": 1}
    assert place.kubectl("get", "secrets", "--output=name") == ""


def filled_in(place: Installation, endpoint: str, manifest: Manifest) -> Manifest:
    """A manifest, with the address if it is a workspace's."""
    if manifest["kind"] != "QuantumWorkspace":
        return manifest
    whole = manifests.workspace(
        "default",
        resource_id=place.emulator.resource_id,
        location=str(place.emulator.announced["location"]),
        endpoint=endpoint,
    )
    return whole | {"spec": whole["spec"] | manifest["spec"]}


def test_projected_token_is_a_token(installed: Installation) -> None:
    """The file is there, and the operator's user can read it."""
    assert in_pod(installed, installed.operators()[0]["metadata"]["name"], _READ).stdout == "2\n"
