"""templates/emulator/service.yaml: one name for the local workspace and its storage account."""

from chart.conftest import Render
from chart.helm import Rendering
from chart.test_emulator_deployment import NAME, deployment
from chart.values import EMULATED


def test_there_is_none_unasked(default: Rendering) -> None:
    """Only the operator's own."""
    assert [one["metadata"]["name"] for one in default.all("Service")] == ["quantumjob-operator"]


def test_leads_to_both_under_their_own_ports(render: Render) -> None:
    """Within the pod the same address has to lead to the same place."""
    rendering = render(EMULATED)
    (service,) = (one for one in rendering.all("Service") if one["metadata"]["name"] == NAME)
    assert service["spec"]["selector"] == deployment(rendering)["spec"]["selector"]["matchLabels"]
    ports = {one["targetPort"]: one["port"] for one in service["spec"]["ports"]}
    containers = deployment(rendering)["spec"]["template"]["spec"]["containers"]
    assert ports == {port["name"]: port["containerPort"] for one in containers for port in one["ports"]}
    assert ports == {"workspace": 8790, "blobs": 10000}


def test_operators_selectors_do_not_take_it_in(render: Render) -> None:
    """Its metrics are asked of the operator's pods only."""
    rendering = render(EMULATED)
    labels = deployment(rendering)["spec"]["template"]["metadata"]["labels"]
    (service,) = (one for one in rendering.all("Service") if one["metadata"]["name"] != NAME)
    assert not service["spec"]["selector"].items() <= labels.items()
