"""The QuantumPolicy as the API server tells it.

Must not live here: what follows from it for a job (`lifecycle.policies`).
"""

from collections.abc import Mapping
from dataclasses import dataclass as plain
from typing import Any, Final, Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from quantumjob_operator.model.parsing import MalformedObject, parsed_part

_JSON: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


@dataclass(frozen=True, slots=True, config=_JSON)
class PolicySpec:
    """`.spec` as the platform team wrote it; what is absent forbids nothing."""

    allowed_targets: tuple[str, ...] | None = None
    allowed_providers: tuple[str, ...] | None = None
    max_shots: int | None = None
    require_shots: bool = False
    allowed_priorities: tuple[str, ...] | None = None
    require_max_cost: Literal["OnPaidTargets", "Always"] | None = None
    free_targets: tuple[str, ...] | None = None


@plain(frozen=True, slots=True)
class QuantumPolicy:
    """One object, as of one resourceVersion.

    Attributes:
        unreadable: Why its spec could not be read, naming the field; empty if it was.
    """

    namespace: str
    name: str
    uid: str
    resource_version: str
    spec: PolicySpec
    unreadable: str = ""


_SPEC: Final = TypeAdapter(PolicySpec)


def parse_policy(body: Mapping[str, Any]) -> QuantumPolicy:
    """An object's JSON as a value; one that can't be read is kept, because it may forbid anything."""
    meta, unreadable = body["metadata"], ""
    try:
        spec = parsed_part(body, "spec", _SPEC.validate_python)
    except MalformedObject as error:
        spec, unreadable = PolicySpec(), str(error)
    return QuantumPolicy(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        resource_version=meta["resourceVersion"],
        spec=spec,
        unreadable=unreadable,
    )
