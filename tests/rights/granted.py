"""The rights that a manifest grants to the operator.

Must not live here: which of them are used.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

MANIFEST: Final = Path(__file__).resolve().parents[2] / "config" / "rbac" / "operator.yaml"


@dataclass(frozen=True, slots=True, order=True)
class Right:
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


def rights(manifest: str) -> frozenset[Right]:
    """Every right in the ClusterRoles and Roles of a manifest."""
    return frozenset(
        Right(group, resource, verb)
        for rule in _rules(manifest)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    )


def _rules(manifest: str) -> Iterator[dict[str, Any]]:
    for document in yaml.safe_load_all(manifest):
        if document["kind"] in {"ClusterRole", "Role"}:
            yield from document["rules"]
