"""The QuantumWorkspace as the API server tells it, and which one a job's reference leads to.

Lives here: the shape, and the rule of `spec.workspaceRef`. Must not live here: credentials' values, or any request
(`connections`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass as plain
from typing import Any, Final

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from quantumjob_operator.jobstatus import Condition
from quantumjob_operator.naming import DEFAULT_WORKSPACE, endpoint, workspace_id
from quantumjob_operator.quantumjob import KeyRef, QuantumJob, parsed_part

_JSON: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")
Name = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True, config=_JSON)
class SecretSource:
    """A credential that stands in a Secret of the workspace's namespace."""

    secret_key_ref: KeyRef


@dataclass(frozen=True, slots=True, config=_JSON)
class Credentials:
    """How to sign in: exactly one is there (a CEL rule of the CRD)."""

    api_key: SecretSource | None = None
    connection_string: SecretSource | None = None
    operator_identity: Mapping[str, Any] | None = None
    workload_identity: Mapping[str, Any] | None = None
    client_secret: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class AllowedNamespaces:
    """Whose jobs may use the workspace."""

    from_: str = Field(default="Same", alias="from")
    selector: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class WorkspaceSpec:
    """`.spec` as the administrator wrote it."""

    resource_id: str
    location: str
    credentials: Credentials
    workspace_kind: str = "V1"
    endpoint: str | None = None
    allowed_namespaces: AllowedNamespaces | None = None
    max_jobs_in_flight: int | None = None
    max_jobs_in_flight_per_namespace: int | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class _StatusRead:
    """What is read again of `.status`."""

    conditions: tuple[Condition, ...] = ()


@plain(frozen=True, slots=True)
class QuantumWorkspace:
    """One object, as of one resourceVersion."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    generation: int
    spec: WorkspaceSpec
    status: Mapping[str, Any]
    conditions: tuple[Condition, ...]
    deletion_requested: bool = False

    @property
    def key(self) -> Name:
        """Namespace and name."""
        return self.namespace, self.name

    @property
    def id(self) -> str:
        """The canonical resource id."""
        return workspace_id(self.spec.resource_id)

    @property
    def endpoint(self) -> str:
        """The origin that requests go to, without a slash at the end."""
        chosen = self.spec.endpoint or endpoint(self.spec.location, self.spec.workspace_kind)
        return chosen.rstrip("/")

    def admits(self, namespace: str) -> bool:
        """Whether jobs of this namespace may use the workspace."""
        allowed = self.spec.allowed_namespaces
        return namespace == self.namespace or (allowed is not None and allowed.from_ == "All")

    def unserved_field(self) -> str | None:
        """The first field that asks for something this version does not do."""
        spec, given = self.spec, self.spec.credentials
        asked = {
            "credentials.workloadIdentity": given.workload_identity is not None,
            "credentials.clientSecret": given.client_secret is not None,
            "allowedNamespaces.selector": spec.allowed_namespaces is not None
            and spec.allowed_namespaces.from_ == "Selector",
        }
        return next((field for field, wanted in asked.items() if wanted), None)


_SPEC: Final = TypeAdapter(WorkspaceSpec)
_STATUS: Final = TypeAdapter(_StatusRead)


def parse_workspace(body: Mapping[str, Any]) -> QuantumWorkspace:
    """An object's JSON as a value.

    Raises:
        MalformedObject: The JSON is not what the CRD's schema admits.
    """
    meta, status = body["metadata"], body.get("status") or {}
    spec = parsed_part(body, "spec", _SPEC.validate_python)
    conditions = parsed_part(body, "status", _STATUS.validate_python).conditions
    return QuantumWorkspace(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        resource_version=meta["resourceVersion"],
        generation=meta.get("generation", 1),
        spec=spec,
        status=status,
        conditions=conditions,
        deletion_requested="deletionTimestamp" in meta,
    )


def resolve_reference(
    job: QuantumJob, find: Callable[[Name], QuantumWorkspace | None], default: Name | None
) -> QuantumWorkspace | str:
    """The workspace of a job, or the sentence that says why there is none.

    For a reference to another namespace, missing and not allowed read the same: whoever may not use a workspace must
    not learn that it exists.

    Args:
        job: Whose reference.
        find: The QuantumWorkspace of a name, or None.
        default: The operator's configured default.
    """
    ref = job.spec.workspace_ref
    if ref is None:
        own = find((job.namespace, DEFAULT_WORKSPACE))
        name = default if own is None and default else (job.namespace, DEFAULT_WORKSPACE)
    else:
        name = (ref.namespace or job.namespace, ref.name)
    found = find(name)
    if found is not None and found.admits(job.namespace):
        return found
    wanted = f"QuantumWorkspace {name[0]}/{name[1]}"
    leads = f"spec.workspaceRef leads to {wanted}" if ref else f"spec.workspaceRef is absent, which means {wanted}"
    if name[0] == job.namespace:
        return f"{leads}, which does not exist; create it or name another"
    return (
        f"{leads}, which does not exist or does not allow namespace {job.namespace}; "
        "ask its owner to set spec.allowedNamespaces, or name another"
    )
