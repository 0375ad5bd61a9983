"""The chart quantumjob-workspace: one QuantumWorkspace, as the values say."""

import pytest

from chart.helm import WORKSPACE_CHART, Helm, Rendering, Values
from chart.values import WORKSPACE
from quantumjob_operator.costs.prices import parse_prices

_GUID = "00000000-0000-0000-0000-000000000001"
_SECRET = {"secretKeyRef": {"name": "azure-quantum", "key": "key"}}


def render(helm: Helm, values: Values) -> Rendering:
    """The chart's objects in the namespace research."""
    return Rendering(helm.template(WORKSPACE_CHART, WORKSPACE | values, namespace="research"))


def test_by_default_it_is_the_namespaces_default(helm: Helm) -> None:
    """And says nothing that was not asked for."""
    (workspace,) = render(helm, {}).objects
    assert (workspace["metadata"]["name"], workspace["metadata"]["namespace"]) == ("default", "research")
    assert workspace["spec"] == WORKSPACE


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param({"apiKey": _SECRET}, id="API key"),
        pytest.param({"connectionString": _SECRET}, id="connection string"),
        pytest.param({"clientSecret": {"tenantId": _GUID, "clientId": _GUID, **_SECRET}}, id="client secret"),
        pytest.param({"workloadIdentity": {"tenantId": _GUID, "clientId": _GUID}}, id="workload identity"),
        pytest.param({"operatorIdentity": {}}, id="the operator's identity"),
    ],
)
def test_every_way_to_sign_in_passes(helm: Helm, credentials: Values) -> None:
    """Unchanged."""
    assert render(helm, {"credentials": credentials}).only("QuantumWorkspace")["spec"]["credentials"] == credentials


def test_optional_fields_arrive(helm: Helm) -> None:
    """Each under its own name."""
    values: Values = {
        "workspaceKind": "V2",
        "endpoint": "https://private.example.org",
        "allowedNamespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "chemistry"}}},
        "maxJobsInFlight": 5,
        "maxJobsInFlightPerNamespace": 2,
        "quotaGuard": "Enforce",
    }
    assert render(helm, values).only("QuantumWorkspace")["spec"] == WORKSPACE | values


def test_account_of_workload_identity_is_made_when_asked_for(helm: Helm) -> None:
    """By the name that the operator asks tokens of; no pod runs as it."""
    account = render(helm, {"serviceAccount": {"create": True, "annotations": {"a": "b"}}}).only("ServiceAccount")
    assert account["metadata"]["name"] == "quantumjob-workload"
    assert account["metadata"]["annotations"] == {"a": "b"}
    assert account["automountServiceAccountToken"] is False


def test_labels_and_annotations_arrive(helm: Helm) -> None:
    """On the QuantumWorkspace."""
    metadata = render(helm, {"commonLabels": {"team": "a"}, "annotations": {"b": "c"}}).objects[0]["metadata"]
    assert metadata["labels"]["team"] == "a"
    assert metadata["annotations"] == {"b": "c"}


def test_price_list_is_shipped_when_asked_for(helm: Helm) -> None:
    """The published one, or the values' own; the QuantumWorkspace names it."""
    rendering = render(helm, {"prices": {"enabled": True}})
    assert rendering.only("QuantumWorkspace")["spec"]["pricesRef"] == {"name": "default-prices"}
    shipped = rendering.only("ConfigMap")
    assert shipped["metadata"]["name"] == "default-prices"
    assert parse_prices(shipped["data"]["prices.yaml"]).price_of("ionq.qpu.aria-1") is not None
    own = render(helm, {"prices": {"enabled": True, "list": "asOf: 2026-01-01\ntargets: []\n"}}).only("ConfigMap")
    assert own["data"]["prices.yaml"] == "asOf: 2026-01-01\ntargets: []\n"
