"""templates/emulator/networkpolicy.yaml: only the operator gets in, and nothing gets out."""

from chart.conftest import Render
from chart.helm import Manifest, Rendering, Values
from chart.test_emulator_deployment import NAME, deployment
from chart.values import EMULATED


def policy(rendering: Rendering, name: str = NAME) -> Manifest:
    """The spec of a NetworkPolicy."""
    (found,) = (one for one in rendering.all("NetworkPolicy") if one["metadata"]["name"] == name)
    spec: Manifest = found["spec"]
    return spec


def test_it_comes_with_the_workspace(render: Render) -> None:
    """Whatever becomes of the operator's own."""
    rendering = render(EMULATED)
    assert [one["metadata"]["name"] for one in rendering.all("NetworkPolicy")] == [NAME]
    labels = deployment(rendering)["spec"]["template"]["metadata"]["labels"]
    assert policy(rendering)["podSelector"]["matchLabels"].items() <= labels.items()


def test_nothing_gets_out(render: Render) -> None:
    """Egress is restricted, and no rule allows any: not even DNS."""
    spec = policy(render(EMULATED))
    assert "Egress" in spec["policyTypes"]
    assert "egress" not in spec


def test_only_the_operator_gets_in(render: Render) -> None:
    """Its pods, and these two ports."""
    rendering = render(EMULATED)
    (operator,) = (one for one in rendering.all("Deployment") if one["metadata"]["name"] != NAME)
    (rule,) = policy(rendering)["ingress"]
    assert rule["from"] == [{"podSelector": operator["spec"]["selector"]}]
    assert [port["port"] for port in rule["ports"]] == ["workspace", "blobs"]


def test_operators_own_policy_lets_it_out_there(render: Render) -> None:
    """To both ports, without a rule of the administrator's."""
    values: Values = EMULATED | {"networkPolicy": {"enabled": True, "egressPorts": []}}
    rendering = render(values)
    rules = policy(rendering, "quantumjob-operator")["egress"]
    assert rules[1] == {
        "to": [{"podSelector": policy(rendering)["podSelector"]}],
        "ports": [{"port": "workspace", "protocol": "TCP"}, {"port": "blobs", "protocol": "TCP"}],
    }
