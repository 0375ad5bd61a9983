"""Names and labels of outputs that other controllers act on are refused before anything is written."""

from typing import Any

import pytest

from quantumjob_operator.lifecycle.reservations import RESERVED, reserved
from quantumjob_operator.settings import Settings
from rooms.lifecycle.observations import accepted, seen

LIMITS = {"reserved_output_names": ("kube-*",), "reserved_output_labels": ("trust.example/*", "owner=helm")}
SETTINGS = Settings()
DEFAULTS = {
    "reserved_output_names": tuple(SETTINGS.reserved_output_names),
    "reserved_output_labels": tuple(SETTINGS.reserved_output_labels),
}


@pytest.mark.parametrize(
    ("output", "says"),
    [
        pytest.param(None, None, id="the usual name"),
        pytest.param({"configMapName": "mine", "labels": {"app": "x"}}, None, id="a name and labels of one's own"),
        pytest.param({"configMapName": "my-kube-x"}, None, id="a name that only contains a reserved one"),
        pytest.param({"configMapName": "kube-root-ca.crt"}, "spec.output.configMapName kube-root-ca.crt", id="a name"),
        pytest.param({"labels": {"app": "x", "trust.example/y": "1"}}, "remove trust.example/y", id="a label"),
        pytest.param({"annotations": {"paper": "x"}}, None, id="an annotation of one's own"),
        pytest.param({"annotations": {"trust.example/y": "1"}}, "annotations like trust.example/*", id="an annotation"),
        pytest.param({"labels": {"owner": "helm"}}, "remove owner", id="a label with a value"),
        pytest.param({"labels": {"owner": "ada"}}, None, id="the same label with another value"),
    ],
)
def test_what_is_reserved(output: dict[str, Any] | None, says: str | None) -> None:
    """The field and the remedy are named."""
    trouble = reserved(seen(accepted({"output": output} if output else None), limits=LIMITS))
    assert (trouble.reason if trouble else None) == (RESERVED if says else None)
    assert trouble is None or (says or "") in trouble.message


def test_the_usual_name_may_be_reserved_too() -> None:
    """Then the field that is absent is named."""
    trouble = reserved(seen(accepted(), limits={"reserved_output_names": ("bell-*",)}))
    assert trouble is not None
    assert "spec.output.configMapName is absent, which means bell-output" in trouble.message


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({"app.kubernetes.io/managed-by": "Helm"}, id="Helm takes it over"),
        pytest.param({"owner": "helm", "name": "shop", "status": "deployed"}, id="Helm reads it as a release"),
        pytest.param({"argocd.argoproj.io/instance": "shop"}, id="Argo CD prunes it"),
        pytest.param({"workflows.argoproj.io/configmap-type": "Cache"}, id="Argo Workflows believes it"),
        pytest.param({"kustomize.toolkit.fluxcd.io/name": "shop"}, id="Flux counts it"),
        pytest.param({"helm.toolkit.fluxcd.io/name": "shop"}, id="Flux's Helm counts it"),
        pytest.param({"reconcile.fluxcd.io/watch": "Enabled"}, id="Flux reconciles because of it"),
        pytest.param({"grafana_dashboard": "1"}, id="Grafana shows it"),
        pytest.param({"grafana_datasource": "1"}, id="Grafana asks it"),
        pytest.param({"loki_rule": "1"}, id="Loki evaluates it"),
        pytest.param({"prometheus_rule": "1"}, id="Prometheus evaluates it"),
        pytest.param({"operators.coreos.com/x": ""}, id="OLM owns it"),
        pytest.param({"shop-jenkins-config": "true"}, id="Jenkins is configured by it"),
        pytest.param({"istio.io/config": "true"}, id="Istio distributes it"),
        pytest.param({"linkerd.io/control-plane-ns": "linkerd"}, id="Linkerd counts it"),
        pytest.param({"velero.io/plugin-config": ""}, id="Velero configures a plugin by it"),
        pytest.param({"velero.io/exclude-from-backup": "true"}, id="Velero leaves it out"),
        pytest.param({"cert-manager.io/inject": "x"}, id="cert-manager"),
        pytest.param({"kyverno.io/policy": "x"}, id="Kyverno"),
        pytest.param({"kubernetes.azure.com/managedby": "aks"}, id="AKS"),
        pytest.param({"quantumjobs.dev/job": "other"}, id="this operator's own"),
    ],
)
def test_labels_that_well_known_controllers_act_on_are_reserved(labels: dict[str, str]) -> None:
    """Without a setting."""
    assert reserved(seen(accepted({"output": {"labels": labels}}), limits=DEFAULTS)) is not None


@pytest.mark.parametrize(
    "name",
    [
        *("kube-root-ca.crt", "istio-ca-root-cert", "openshift-service-ca.crt", "linkerd-identity-trust-roots"),
        *("argocd-rbac-cm", "sh.helm.release.v1.shop.v1", "prometheus-k8s-rulefiles-0", "coredns-custom"),
    ],
)
def test_names_that_well_known_controllers_act_on_are_reserved(name: str) -> None:
    """Without a setting."""
    assert reserved(seen(accepted({"output": {"configMapName": name}}), limits=DEFAULTS)) is not None


def test_usual_names_and_labels_are_free() -> None:
    """Nothing that people choose for themselves is in the way."""
    output = {"configMapName": "istio-bench-output", "labels": {"app": "x", "team": "qc", "owner": "ada", "env": "dev"}}
    assert reserved(seen(accepted({"output": output}), limits=DEFAULTS)) is None
