"""A connection to a server that plays an API server, and an error in its own shape."""

import json
from pathlib import Path
from typing import Final

import pytest
from kubernetes.aio import config

from quantumjob_operator.cluster.api import Api
from rooms.azure.misbehaving import Behaviour, says

PAGE: Final = b"<html><body>Bad gateway</body></html>"


def status(code: int, reason: str, message: str = "because") -> Behaviour:
    """An error in the API server's own shape."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message}
    return says(body | {"code": code}, code)


async def connected(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    """A connection to the server at a URL, by a kubeconfig as users have it."""
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "throw-away"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(kubeconfig), encoding="utf-8")
    configured_by(file, monkeypatch)
    return await Api.connect()


def configured_by(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let KUBECONFIG name a file: the client reads the variable once, when it is imported."""
    for module in (config, config.kube_config):
        monkeypatch.setattr(module, "KUBE_CONFIG_DEFAULT_LOCATION", str(file))
