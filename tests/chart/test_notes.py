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
        pytest.param(
            {"crds": {"keep": False, "drainTimeoutSeconds": 900}},
            "waits for up to 900 s until it has cancelled",
            id="that it cancels first",
        ),
        pytest.param(
            {"crds": {"keep": False}},
            "kubectl logs job/blue-quantumjob-operator-drain --namespace quantum",
            id="where it says what is left",
        ),
        pytest.param(
            {}, "create secret generic azure-quantum --namespace quantum-workspaces", id="a Secret apart from the jobs"
        ),
        pytest.param(
            {}, "takes its Secrets along before its jobs are cancelled", id="why the Secret does not lie with the jobs"
        ),
        pytest.param(
            {"settings": {"defaultWorkspace": "platform/ours"}},
            "helm install ours-workspace charts/quantumjob-workspace --namespace platform \\\n    --set name=ours",
            id="the default workspace that was named",
        ),
        pytest.param({}, "label namespace research quantum-jobs=allowed", id="how a namespace is let in"),
        pytest.param(
            {},
            "--reset-then-reuse-values \\\n    --set settings.defaultWorkspace=quantum-workspaces/default",
            id="how jobs find it",
        ),
        pytest.param(
            NAMESPACED, "Delete the jobs\nof that namespace before the namespace itself", id="what to delete first"
        ),
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
        pytest.param(
            {"settings": {"defaultWorkspace": "platform/ours"}}, "helm upgrade", id="no setting that is set already"
        ),
        pytest.param({"metrics": {"service": {"enabled": False}}}, "helm test", id="no check that checks little"),
    ],
)
def test_notes_do_not_tell(helm: Helm, values: Values, untold: str) -> None:
    """What does not apply."""
    assert untold not in notes(helm, REQUIRED | values)


def workspace_notes(helm: Helm, values: Values) -> str:
    """What Helm would print after installing a workspace into the namespace `platform`."""
    arguments = ("install", "ws", WORKSPACE_CHART, "--namespace=platform", "--dry-run=client")
    return helm.run(*arguments, values=WORKSPACE | values).partition("NOTES:")[2]


def test_workspace_beside_its_jobs_is_told_what_to_delete_first(helm: Helm) -> None:
    """Its namespace would take the Secret along before the jobs are cancelled."""
    assert "Delete these jobs before you delete the namespace" in workspace_notes(helm, {})


@pytest.mark.parametrize(
    ("allowed", "whose"),
    [
        pytest.param({"from": "All"}, "of all namespaces", id="all"),
        pytest.param({"from": "Selector", "selector": {}}, "of the namespaces whose labels match", id="selected"),
    ],
)
def test_workspace_of_the_platform_is_told_how_jobs_find_it(helm: Helm, allowed: Values, whose: str) -> None:
    """By name and namespace, or by the operator's setting."""
    told = workspace_notes(helm, {"allowedNamespaces": allowed})
    assert whose in told
    assert "workspaceRef: {name: default, namespace: platform}" in told
    assert "settings.defaultWorkspace=platform/default" in told
    assert "Delete these jobs" not in told


def test_workspace_notes_tell_whom_to_trust(helm: Helm) -> None:
    """The subject for the federated credential."""
    identity = {"clientId": "00000000-0000-0000-0000-000000000001", "tenantId": "00000000-0000-0000-0000-000000000002"}
    values = WORKSPACE | {"credentials": {"workloadIdentity": identity}, "serviceAccount": {"create": True}}
    told = helm.run("install", "ws", WORKSPACE_CHART, "--namespace=research", "--dry-run=client", values=values)
    assert "system:serviceaccount:research:quantumjob-workload" in told
