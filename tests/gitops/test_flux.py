"""The Kustomizations that we show are Flux's own, and their health checks read each situation as they promise."""

from typing import Any

import pytest
import yaml

from gitops.fluxstatus import judge
from gitops.states import Object, Situation
from localstack.manifests import PROJECT

pytestmark = pytest.mark.cluster

ENDED_WELL = {
    Situation.UNSEEN: "InProgress",
    Situation.HELD_BACK: "InProgress",
    Situation.QUEUED: "InProgress",
    Situation.RUNNING: "InProgress",
    Situation.CANCELLING: "InProgress",
    Situation.SUCCEEDED: "Current",
    Situation.FAILED: "Failed",
    Situation.CANCELLED_BEFORE: "Failed",
    Situation.CANCELLED: "Failed",
    Situation.REFUSED: "Failed",
    Situation.SUSPENDED_BEFORE: "Current",
    Situation.SUSPENDED: "Current",
    Situation.CHANGED: "InProgress",
    Situation.BEING_DELETED: "InProgress",
}
ACCEPTED = ENDED_WELL | {
    Situation.QUEUED: "Current",
    Situation.RUNNING: "Current",
    Situation.CANCELLING: "Current",
}


def sample(name: str) -> dict[str, Any]:
    """A Kustomization of the documentation."""
    kustomization: dict[str, Any] = yaml.safe_load((PROJECT / "docs" / "gitops" / "flux" / name).read_text())
    return kustomization


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("kustomization.yaml", ENDED_WELL, id="ready when all jobs have ended well"),
        pytest.param("accepted.yaml", ACCEPTED, id="ready when the service has accepted all jobs"),
    ],
)
def test_health_checks(objects: dict[Situation, Object], name: str, expected: dict[Situation, str]) -> None:
    """Flux's own evaluator gives each situation the word that the sample promises."""
    found = judge(objects.values(), sample(name))
    assert {situation: said.checked for situation, said in zip(objects, found, strict=True)} == expected


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"healthCheckExpressions": []}, id="a field that Flux doesn't have"),
        pytest.param(
            {"healthCheckExprs": [{"apiVersion": "quantumjobs.dev/v1alpha1", "kind": "QuantumJob", "current": "a ="}]},
            id="an expression that is none",
        ),
    ],
)
def test_kustomization_that_flux_would_refuse(objects: dict[Situation, Object], change: dict[str, Any]) -> None:
    """The check of the samples can fail."""
    good = sample("kustomization.yaml")
    with pytest.raises(RuntimeError, match="fluxstatus"):
        judge(objects.values(), {**good, "spec": {**good["spec"], **change}})
