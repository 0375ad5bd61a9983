"""templates/_environment.tpl: settings, proxies and authorities become variables that the operator itself can read."""

import re

import pytest

from chart.conftest import Render
from chart.helm import OPERATOR_CHART, Helm, HelmError, Rendering, Values
from chart.values import NAMESPACED, REQUIRED
from quantumjob_operator.settings import Settings, read_settings

# What the chart has other values for, or decides itself.
_OTHERWISE = {"watch_namespaces", "lease", "ca_bundle", "host", "port", "ready_file"}
_WORKSPACE = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg"
    "/providers/Microsoft.Quantum/workspaces/research-ws"
)

# A value of each setting that is not its default.
ALL_SETTINGS: Values = {
    "allowedEndpoints": ["https://private.example.org", "http://10.0.0.7:8443"],
    "operatorIdentity": [{"namespace": "research", "workspace": _WORKSPACE}],
    "defaultWorkspace": "shared/default",
    "workloadServiceAccount": "quantum",
    "authority": "login.example.org",
    "instanceDiscovery": False,
    "clusterName": "blue $(HOME) $$",
    "adoptableClusters": ["green"],
    "reservedOutputNames": ["ours-*"],
    "reservedOutputLabels": ["*.example.org/*", "owner=helm"],
    "putStartSeconds": 6,
    "requestTimeoutSeconds": 31,
    "visibilityDelaySeconds": 0.5,
    "cancellationGracePeriodSeconds": 3000000,
    "outputTimeoutSeconds": 601,
    "pollMinSeconds": 2,
    "pollMaxSeconds": 61,
    "queuePositionSeconds": 120,
    "garbageCollectionSeconds": 900,
    "resyncSeconds": 602,
    "workspaceRefreshSeconds": 301,
    "requestsPerSecond": 20.5,
    "requestsBurst": 41,
    "workers": 1000000,
    "logLevel": "DEBUG",
    "logFormat": "text",
}


def snake(name: str) -> str:
    """A setting's name as the operator writes it."""
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def as_the_kubelet_expands(text: str, variables: dict[str, str]) -> str:
    """References to known variables replaced, and two dollar signs read as one."""
    return re.sub(
        r"\$(\$|\((\w+)\))",
        lambda found: "$" if found[1] == "$" else variables.get(found[2], found[0]),
        text,
    )


def settings_of(rendering: Rendering, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What the operator reads in a pod with this environment and these arguments."""
    for name, value in rendering.environment().items():
        monkeypatch.setenv(name, as_the_kubelet_expands(value, {}))
    return read_settings(rendering.container()["args"])


def test_without_values_there_are_no_variables(default: Rendering) -> None:
    """The operator's defaults are its own."""
    assert "env" not in default.container()


def test_every_setting_arrives(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read by the operator's own code: lists, large numbers, booleans and dollar signs too."""
    read = settings_of(render({"settings": ALL_SETTINGS}), monkeypatch).model_dump(mode="json")
    wanted = {snake(name): value for name, value in ALL_SETTINGS.items()}
    wanted["operator_identity"] = [{"namespace": "research", "workspace": _WORKSPACE.lower(), "endpoint": None}]
    assert {name: read[name] for name in wanted} == wanted


def test_values_know_all_settings() -> None:
    """A new setting of the operator asks for a value of the chart."""
    assert {snake(name) for name in ALL_SETTINGS} | _OTHERWISE == set(Settings.model_fields)


def test_watched_namespaces_arrive(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the list that the roles are made from."""
    assert settings_of(render(NAMESPACED), monkeypatch).watch_namespaces == ["research", "teaching"]


class TestProxy:
    """Clients go through it, but never to the API server."""

    def test_api_server_is_not_behind_it(self, render: Render) -> None:
        """The address is taken from the variable that each pod has."""
        environment = render(
            {"proxy": {"httpsProxy": "http://proxy.example.org:3128", "noProxy": ".example.org"}}
        ).environment()
        expanded = as_the_kubelet_expands(environment["NO_PROXY"], {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
        assert expanded == "10.0.0.1,.example.org"
        assert environment["HTTPS_PROXY"] == "http://proxy.example.org:3128"
        assert "HTTP_PROXY" not in environment

    def test_password_with_a_dollar_sign_stays_as_it_is(self, render: Render) -> None:
        """It begins no reference."""
        url = "http://me:a$(HOME)$b@proxy.example.org"
        environment = render({"proxy": {"httpProxy": url}}).environment()
        assert as_the_kubelet_expands(environment["HTTP_PROXY"], {"HOME": "/"}) == url

    def test_without_a_proxy_there_is_no_exception(self, render: Render) -> None:
        """The exception alone means nothing."""
        assert "NO_PROXY" not in render({"proxy": {"noProxy": ".example.org"}}).environment()


class TestCaBundle:
    """Authorities from a ConfigMap or a Secret."""

    @pytest.mark.parametrize(
        ("values", "volume"),
        [
            ({"configMapName": "authorities"}, {"name": "ca-bundle", "configMap": {"name": "authorities"}}),
            ({"secretName": "authorities"}, {"name": "ca-bundle", "secret": {"secretName": "authorities"}}),
        ],
        ids=["from a ConfigMap", "from a Secret"],
    )
    def test_file_lies_where_the_operator_looks(self, render: Render, values: Values, volume: Values) -> None:
        """Volume, mount and variable agree."""
        rendering = render({"caBundle": values | {"key": "root.pem"}})
        (mount,) = rendering.container()["volumeMounts"]
        assert rendering.pod()["volumes"] == [volume]
        assert mount["readOnly"]
        assert rendering.environment() == {"QUANTUMJOB_OPERATOR_CA_BUNDLE": f"{mount['mountPath']}/root.pem"}

    def test_two_sources_are_refused(self, helm: Helm) -> None:
        """Neither would win for a reason that one can see."""
        values = REQUIRED | {"caBundle": {"configMapName": "a", "secretName": "b"}}
        with pytest.raises(HelmError, match="keep one of them"):
            helm.template(OPERATOR_CHART, values)
