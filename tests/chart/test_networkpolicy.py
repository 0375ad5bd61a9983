"""templates/networkpolicy.yaml: in for metrics, out for DNS and https, nothing else."""

from chart.conftest import Render
from chart.helm import Manifest, Rendering, Values


def policy(rendering: Rendering) -> Manifest:
    """Its spec."""
    spec: Manifest = rendering.only("NetworkPolicy")["spec"]
    return spec


def test_there_is_none_by_default(default: Rendering) -> None:
    """Not every cluster enforces them in the same way."""
    assert default.all("NetworkPolicy") == []


def test_by_default_it_lets_out_what_the_operator_needs(render: Render) -> None:
    """DNS, Azure and the API server."""
    rendering = render({"networkPolicy": {"enabled": True}})
    ports = {(port["port"], port["protocol"]) for rule in policy(rendering)["egress"] for port in rule["ports"]}
    assert ports == {(53, "UDP"), (53, "TCP"), (443, "TCP"), (6443, "TCP")}
    assert policy(rendering)["policyTypes"] == ["Ingress", "Egress"]
    assert policy(rendering)["podSelector"] == rendering.only("Deployment")["spec"]["selector"]


def test_by_default_it_lets_in_to_the_metrics_only(render: Render) -> None:
    """From everywhere, since nobody knows where Prometheus is."""
    assert policy(render({"networkPolicy": {"enabled": True}}))["ingress"] == [
        {"ports": [{"port": "metrics", "protocol": "TCP"}]}
    ]


def test_the_releases_own_test_is_let_in_beside_the_chosen_peers(render: Render) -> None:
    """Else it would fail wherever peers are chosen."""
    peer: Values = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    rendering = render({"networkPolicy": {"enabled": True, "ingressFrom": [peer]}})
    (rule,) = policy(rendering)["ingress"]
    chosen, own = rule["from"]
    assert chosen == peer
    assert own["podSelector"]["matchLabels"] == rendering.only("Pod")["metadata"]["labels"]


def test_ports_can_be_taken_away_and_rules_added(render: Render) -> None:
    """For a private endpoint behind a proxy."""
    rule: Values = {"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}], "ports": [{"port": 3128, "protocol": "TCP"}]}
    values = {"enabled": True, "egressPorts": [], "extraEgress": [rule]}
    egress = policy(render({"networkPolicy": values}))["egress"]
    assert egress[1:] == [rule]
