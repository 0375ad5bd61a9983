"""A new definition is waited for, although its conditions are null at first."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from devcluster.controlplane import ControlPlane

pytestmark = pytest.mark.cluster

_OPEN: Final = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_CONDITIONS: Final = {"type": "array", "nullable": True, "items": _OPEN}
_STATUS: Final = {"type": "object", "properties": {"conditions": _CONDITIONS}}
_VERSION: Final = {
    "name": "v1",
    "served": True,
    "storage": True,
    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"status": _STATUS}}},
}
# A kind of which objects can be kept in the state that a definition is in for a moment only.
_KIND: Final = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "definitions.example.org"},
    "spec": {
        "group": "example.org",
        "scope": "Cluster",
        "names": {"plural": "definitions", "kind": "Definition"},
        "versions": [_VERSION],
    },
}


def status(*types: str) -> dict[str, Any]:
    """With these conditions, which are true; without any as the API server writes it, with a null."""
    return {"status": {"conditions": [{"type": one, "status": "True"} for one in types] or None}}


def test_null_conditions_are_waited_out(control_plane: ControlPlane) -> None:
    """It ends when the definition is established, and neither before nor with an error."""
    control_plane.kubectl("create", "-f", "-", stdin=json.dumps(_KIND))
    control_plane.wait_until_established("crd/definitions.example.org")
    new = {"apiVersion": "example.org/v1", "kind": "Definition", "metadata": {"name": "new"}, **status()}
    control_plane.kubectl("create", "-f", "-", stdin=json.dumps(new))
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(control_plane.wait_until_established, "definition/new")
        for types in ((), ("NamesAccepted",), ("NamesAccepted", "Established")):
            time.sleep(1)
            assert not waiting.done()
            control_plane.kubectl("patch", "definition/new", "--type=merge", "--patch", json.dumps(status(*types)))
        waiting.result(30)
