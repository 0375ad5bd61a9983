"""What the operator may do in a cluster that isn't ours: its usual rules, but in one namespace.

Derived from `config/rbac/operator.yaml` when it is needed, so that the demo shows what an installation would have.
"""

import json
from pathlib import Path
from typing import Any, Final

import yaml

from demo.errors import DemoError
from demo.expectations import Manifest
from demo.kubectl import Kubectl
from localstack.manifests import RBAC, SERVICE_ACCOUNT

_VALIDITY: Final = "--duration=1h"


def namespaced_access() -> Manifest:
    """A ServiceAccount, and a Role with the rules of the operator's ClusterRole bound to it.

    Raises:
        DemoError: The operator's role can't be found.
    """
    subject = {"kind": "ServiceAccount", "name": SERVICE_ACCOUNT}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": SERVICE_ACCOUNT}
    items = [
        _named("v1", "ServiceAccount"),
        _named("rbac.authorization.k8s.io/v1", "Role", rules=_rules()),
        _named("rbac.authorization.k8s.io/v1", "RoleBinding", roleRef=role, subjects=[subject]),
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def operator_kubeconfig(kubectl: Kubectl, path: Path) -> Path:
    """Write a kubeconfig with a token of the operator's ServiceAccount, for the cluster of the current context.

    Args:
        kubectl: The user's, in the namespace of the ServiceAccount.
        path: The file; readable by us only.
    """
    view = json.loads(kubectl.run("config", "view", "--minify", "--flatten", "--raw", "--output=json"))
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "demo", "cluster": view["clusters"][0]["cluster"]}],
        "users": [{"name": "demo", "user": {"token": _token(kubectl)}}],
        "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "demo"}}],
        "current-context": "demo",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(content))
    return path


def _token(kubectl: Kubectl) -> str:
    return kubectl.run("create", "token", SERVICE_ACCOUNT, _VALIDITY).strip()


def _named(api_version: str, kind: str, **rest: Any) -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": SERVICE_ACCOUNT}, **rest}


def _rules() -> list[Manifest]:
    for file in sorted(RBAC.glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            if (document["kind"], document["metadata"]["name"]) == ("ClusterRole", SERVICE_ACCOUNT):
                rules: list[Manifest] = document["rules"]
                return rules
    raise DemoError(f"there is no ClusterRole {SERVICE_ACCOUNT} in {RBAC}")
