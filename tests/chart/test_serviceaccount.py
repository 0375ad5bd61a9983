"""templates/serviceaccount.yaml: who the operator is, and who gets its token."""

import pytest

from chart.conftest import Render
from chart.helm import Rendering, Values


def test_only_the_operators_pod_gets_a_token(default: Rendering) -> None:
    """Not whatever else runs under the account, but for the pod of the test (`test_check`)."""
    assert default.only("ServiceAccount")["automountServiceAccountToken"] is False
    assert default.pod()["automountServiceAccountToken"] is True


def test_annotations_and_labels_for_workload_identity(render: Render) -> None:
    """As Azure's webhook wants them."""
    values = {
        "annotations": {"azure.workload.identity/client-id": "a"},
        "labels": {"azure.workload.identity/use": "true"},
    }
    metadata = render({"serviceAccount": values}).only("ServiceAccount")["metadata"]
    assert metadata["annotations"] == values["annotations"]
    assert values["labels"].items() <= metadata["labels"].items()


@pytest.mark.parametrize(
    ("values", "created", "used"),
    [
        pytest.param({}, True, "quantumjob-operator", id="named after the release"),
        pytest.param({"name": "mine"}, True, "mine", id="named as the value says"),
        pytest.param({"create": False, "name": "theirs"}, False, "theirs", id="somebody else made it"),
        pytest.param({"create": False}, False, "default", id="the namespace's own"),
    ],
)
def test_pod_and_binding_use_the_same_account(render: Render, values: Values, *, created: bool, used: str) -> None:
    """Whoever made it."""
    rendering = render({"serviceAccount": values})
    assert [one["metadata"]["name"] for one in rendering.all("ServiceAccount")] == ([used] if created else [])
    assert rendering.pod()["serviceAccountName"] == used
    (subject,) = rendering.only("ClusterRoleBinding")["subjects"]
    assert subject == {"kind": "ServiceAccount", "name": used, "namespace": "quantumjob-system"}
