"""templates/NOTES.txt: what to do next, for what was installed."""

import pytest

from chart.helm import OPERATOR_CHART, WORKSPACE_CHART, Helm, Values
from chart.values import EMULATED, NAMESPACED, REQUIRED, WORKSPACE


def notes(helm: Helm, values: Values) -> str:
    """What Helm would print after installing the operator into the namespace `quantum`."""
    return helm.run("install", "blue", OPERATOR_CHART, "--namespace=quantum", "--dry-run=client", values=values)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        pytest.param({}, "serves all namespaces", id="whom it serves"),
        pytest.param(NAMESPACED, "serves research, teaching", id="whom it serves, by name"),
        pytest.param(
            {}, "rollout status deployment/blue-quantumjob-operator --namespace quantum", id="the next command"
        ),
        pytest.param({}, "helm test blue --namespace quantum", id="how to check it"),
        pytest.param(
            NAMESPACED, "apply --namespace research -f examples/bell.yaml", id="a first job where it is served"
        ),
        pytest.param(EMULATED, "NOT FOR SHARED CLUSTERS", id="where the local workspace does not belong"),
        pytest.param(
            EMULATED, "endpoint=http://blue-quantumjob-operator-emulator.quantum.svc:8790", id="how it is reached"
        ),
        pytest.param(EMULATED, "{{.data.apiKey | base64decode}}", id="how its key is copied"),
        pytest.param({"crds": {"enabled": False}}, "leaves them to you", id="that the definitions are missing"),
        pytest.param({"crds": {"keep": False}}, "deletes every QuantumJob", id="what an uninstall would do"),
    ],
)
def test_notes_tell(helm: Helm, values: Values, told: str) -> None:
    """In words that can be pasted."""
    assert told in notes(helm, REQUIRED | values)


@pytest.mark.parametrize(
    ("values", "untold"),
    [
        pytest.param({}, "SHARED CLUSTERS", id="nothing of a workspace that is not there"),
        pytest.param(EMULATED, "azure-quantum", id="nothing of a workspace in Azure"),
        pytest.param({}, "crds.keep is false", id="no warning without a reason"),
        pytest.param({"metrics": {"service": {"enabled": False}}}, "helm test", id="no check that checks little"),
    ],
)
def test_notes_do_not_tell(helm: Helm, values: Values, untold: str) -> None:
    """What does not apply."""
    assert untold not in notes(helm, REQUIRED | values)


def test_workspace_notes_tell_whom_to_trust(helm: Helm) -> None:
    """The subject for the federated credential."""
    identity = {"clientId": "00000000-0000-0000-0000-000000000001", "tenantId": "00000000-0000-0000-0000-000000000002"}
    values = WORKSPACE | {"credentials": {"workloadIdentity": identity}, "serviceAccount": {"create": True}}
    told = helm.run("install", "ws", WORKSPACE_CHART, "--namespace=research", "--dry-run=client", values=values)
    assert "system:serviceaccount:research:quantumjob-workload" in told
