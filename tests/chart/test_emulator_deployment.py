"""templates/emulator/deployment.yaml: the local workspace and its storage account in one hardened pod."""

from typing import Any

import pytest

from chart.conftest import Render
from chart.helm import Manifest, Rendering, Values
from chart.values import EMULATED

NAME = "quantumjob-operator-emulator"


def emulated(render: Render, **values: Any) -> Rendering:
    """The chart with the local workspace; `values` are further ones of it."""
    return render({"emulator": EMULATED["emulator"] | values})


def deployment(rendering: Rendering) -> Manifest:
    """The Deployment of the local workspace."""
    (found,) = (one for one in rendering.all("Deployment") if one["metadata"]["name"] == NAME)
    return found


def pod(rendering: Rendering) -> Manifest:
    """The spec of its pod."""
    spec: Manifest = deployment(rendering)["spec"]["template"]["spec"]
    return spec


def container(rendering: Rendering, name: str) -> Manifest:
    """One of its containers."""
    (found,) = (one for one in pod(rendering)["containers"] if one["name"] == name)
    return dict(found)


def test_there_is_none_unasked(default: Rendering) -> None:
    """It runs native code: nobody gets it by default."""
    assert [one["metadata"]["name"] for one in default.all("Deployment")] == ["quantumjob-operator"]
    assert NAME not in str(default.objects)


class TestHardening:
    """What a program could make use of is not there."""

    def test_pod_has_no_token(self, render: Render) -> None:
        """Neither a token, nor an account of its own, nor the addresses of other Services."""
        spec = pod(emulated(render))
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        assert "serviceAccountName" not in spec

    @pytest.mark.parametrize("name", ["emulator", "azurite"])
    def test_container_can_do_nothing_but_run(self, render: Render, name: str) -> None:
        """No privilege, no capability, no writable root, and memory that ends."""
        found = container(emulated(render), name)
        assert found["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in found["resources"]["limits"]

    def test_what_is_written_has_an_end(self, render: Render) -> None:
        """Folders that go with the pod, each with a limit."""
        assert all(volume["emptyDir"]["sizeLimit"] for volume in pod(emulated(render))["volumes"])


class TestAddresses:
    """The operator, the workspace and the storage account mean the same address."""

    def test_storage_is_told_by_the_name_that_the_operator_may_ask(self, render: Render) -> None:
        """And that name leads the workspace back into its own pod."""
        rendering = emulated(render)
        (argument,) = (one for one in container(rendering, "emulator")["args"] if one.startswith("--storage-url="))
        origin = argument.removeprefix("--storage-url=").removesuffix("/emulator")
        assert origin in operator_environment(rendering)["QUANTUMJOB_OPERATOR_ALLOWED_ENDPOINTS"]
        (alias,) = pod(rendering)["hostAliases"]
        assert alias == {"ip": "127.0.0.1", "hostnames": [origin.removeprefix("http://").partition(":")[0]]}

    def test_ports_are_those_of_the_arguments(self, render: Render) -> None:
        """Where they listen is where they are looked for."""
        rendering = emulated(render)
        for name, flag in (("emulator", "--port="), ("azurite", "--blobPort=")):
            found = container(rendering, name)
            assert f"{flag}{found['ports'][0]['containerPort']}" in found["args"]

    def test_account_is_the_same_for_both(self, render: Render) -> None:
        """Name and key."""
        rendering = emulated(render)
        assert "--storage-account=emulator" in container(rendering, "emulator")["args"]
        keys = [
            next(one["valueFrom"] for one in container(rendering, name)["env"] if one["name"].endswith("STORAGE_KEY"))
            for name in ("emulator", "azurite")
        ]
        assert keys[0] == keys[1]
        accounts = {one["name"]: one.get("value") for one in container(rendering, "azurite")["env"]}
        assert accounts["AZURITE_ACCOUNTS"] == "emulator:$(STORAGE_KEY)"

    def test_administrators_own_origins_stay_allowed(self, render: Render) -> None:
        """Those of the local workspace come beside them."""
        rendering = render(EMULATED | {"settings": {"allowedEndpoints": ["https://private.example.org"]}})
        allowed = operator_environment(rendering)["QUANTUMJOB_OPERATOR_ALLOWED_ENDPOINTS"]
        assert "https://private.example.org" in allowed
        assert f"http://{NAME}.quantumjob-system.svc:8790" in allowed

    def test_proxy_does_not_stand_between(self, render: Render) -> None:
        """It knows no Services."""
        rendering = render(EMULATED | {"proxy": {"httpProxy": "http://proxy.example.org:3128"}})
        assert f"{NAME}.quantumjob-system.svc" in operator_environment(rendering)["NO_PROXY"].split(",")


@pytest.mark.parametrize(
    ("values", "field", "expected"),
    [
        pytest.param({"runtimeClassName": "gvisor"}, "runtimeClassName", "gvisor", id="a runtime that isolates more"),
        pytest.param({"nodeSelector": {"pool": "toys"}}, "nodeSelector", {"pool": "toys"}, id="nodes of its own"),
        pytest.param({"tolerations": [{"key": "toys"}]}, "tolerations", [{"key": "toys"}], id="nodes that others shun"),
    ],
)
def test_values_of_its_pod(render: Render, values: Values, field: str, expected: object) -> None:
    """Each is left out unless it is given."""
    assert field not in pod(emulated(render))
    assert pod(emulated(render, **values))[field] == expected


def test_further_arguments_come_last(render: Render) -> None:
    """So that they win."""
    assert container(emulated(render, extraArgs=["--executing-seconds=5"]), "emulator")["args"][-1] == (
        "--executing-seconds=5"
    )


def operator_environment(rendering: Rendering) -> dict[str, str]:
    """Variables of the operator's container."""
    (found,) = (one for one in rendering.all("Deployment") if one["metadata"]["name"] == "quantumjob-operator")
    env: list[dict[str, str]] = found["spec"]["template"]["spec"]["containers"][0]["env"]
    return {one["name"]: one["value"] for one in env}
