"""The rights that the project's manifests grant to the operator, alone or with several replicas.

Must not live here: which of them are used.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

MANIFESTS: Final = Path(__file__).resolve().parents[2] / "config" / "rbac"
_OF_USERS: Final = "researcher"
"""The folder of the role that the operator itself never has."""


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """One verb on one resource.

    Attributes:
        group: API group; empty for the core group.
        resource: Plural, with the subresource if there is one.
        verb: As in RBAC.
    """

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        resource, slash, subresource = self.resource.partition("/")
        return f"{self.verb} {'.'.join(filter(None, (resource, self.group)))}{slash}{subresource}"


def permissions() -> frozenset[Permission]:
    """Every right in the ClusterRoles and Roles of the manifests."""
    return frozenset(
        Permission(group, resource, verb)
        for manifest in MANIFESTS.rglob("*.yaml")
        if manifest.parent.name != _OF_USERS
        for rule in _rules(manifest.read_text())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    )


def _rules(manifest: str) -> Iterator[dict[str, Any]]:
    for document in yaml.safe_load_all(manifest):
        if document["kind"] in {"ClusterRole", "Role"}:
            yield from document["rules"]
