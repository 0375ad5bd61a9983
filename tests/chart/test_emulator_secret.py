"""templates/emulator/secret.yaml: random keys, made once."""

import base64
import json

import pytest

from chart.conftest import Render
from chart.helm import Rendering
from chart.releases import SYSTEM, Releases
from chart.values import EMULATED

NAME = "quantumjob-operator-emulator"


def test_there_is_none_unasked(default: Rendering) -> None:
    """The chart makes no other Secret."""
    assert default.all("Secret") == []


def test_keys_are_long_and_of_the_right_form(render: Render) -> None:
    """Azurite takes base64 only; and the operator may not read this Secret as credentials."""
    secret = render(EMULATED).only("Secret")
    storage_key = base64.b64decode(secret["data"]["storageKey"])
    assert len(base64.b64decode(storage_key, validate=True)) == 64
    assert len(base64.b64decode(secret["data"]["apiKey"])) == 40
    assert secret["type"] == "Opaque"


def test_secret_made_elsewhere_takes_its_place(render: Render) -> None:
    """For whoever renders without a cluster, where random keys would change each time."""
    rendering = render({"emulator": EMULATED["emulator"] | {"secretName": "keys"}})
    assert rendering.all("Secret") == []
    deployments = json.dumps(rendering.all("Deployment"))
    assert '"name": "keys"' in deployments
    assert '{"secretKeyRef": {"name": "quantumjob-operator-emulator"' not in deployments


@pytest.mark.cluster
@pytest.mark.slow
def test_keys_outlive_an_upgrade(releases: Releases) -> None:
    """Else the running workspace and the copies of its key would no longer agree."""
    releases.install(EMULATED)
    before = releases.get(f"secret/{NAME}", f"--namespace={SYSTEM}")["data"]
    releases.upgrade(EMULATED | {"commonLabels": {"team": "platform"}})
    assert releases.get(f"secret/{NAME}", f"--namespace={SYSTEM}")["data"] == before
