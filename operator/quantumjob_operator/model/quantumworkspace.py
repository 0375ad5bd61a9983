"""The QuantumWorkspace as the API server tells it, whom it admits, and which one a job's reference leads to.

Lives here: the shape, the rules of `spec.workspaceRef` and of `spec.allowedNamespaces`. Must not live here:
credentials' values, or any request (`connections`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass as plain
from typing import Any, Final

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from quantumjob_operator.model.jobstatus import Condition
from quantumjob_operator.model.naming import (
    DEFAULT_WORKSPACE,
    WORKSPACE_FINALIZER,
    InvalidName,
    endpoint,
    place_digest,
    workspace_id,
)
from quantumjob_operator.model.packed import packed_names
from quantumjob_operator.model.parsing import MalformedObject, parsed_part
from quantumjob_operator.model.quantumjob import KeyRef, QuantumJob

_JSON: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")
Name = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True, config=_JSON)
class SecretSource:
    """A credential that stands in a Secret of the workspace's namespace."""

    secret_key_ref: KeyRef


@dataclass(frozen=True, slots=True, config=_JSON)
class ClientSecret:
    """An Entra application that authenticates with a secret."""

    tenant_id: str
    client_id: str
    secret_key_ref: KeyRef


@dataclass(frozen=True, slots=True, config=_JSON)
class WorkloadIdentity:
    """An Entra application that trusts the tokens of this cluster."""

    tenant_id: str
    client_id: str


@dataclass(frozen=True, slots=True, config=_JSON)
class Credentials:
    """How to authenticate: exactly one is there (a CEL rule of the CRD)."""

    api_key: SecretSource | None = None
    connection_string: SecretSource | None = None
    operator_identity: Mapping[str, Any] | None = None
    workload_identity: WorkloadIdentity | None = None
    client_secret: ClientSecret | None = None

    @property
    def refused_remedy(self) -> str:
        """What to do when the service does not accept what they are exchanged for."""
        if self.api_key or self.connection_string:
            return "write a valid one into the Secret of spec.credentials"
        return "the token is of a tenant or an identity that the workspace does not know; check its access control"


@dataclass(frozen=True, slots=True, config=_JSON)
class Requirement:
    """One of a selector's `matchExpressions`; the words of `operator` are the API's own."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    @property
    def understood(self) -> bool:
        """Whether this version knows what is meant; values go with In and NotIn, and only with them."""
        return self.operator in _MEANINGS and bool(self.values) == (self.operator in _WITH_VALUES)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it; what is not understood is not met."""
        return self.understood and _MEANINGS[self.operator](labels.get(self.key), self.values)


_MEANINGS: Final[Mapping[str, Callable[[str | None, tuple[str, ...]], bool]]] = {
    "In": lambda value, values: value is not None and value in values,
    "NotIn": lambda value, values: value is None or value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
}
_WITH_VALUES: Final = frozenset({"In", "NotIn"})


@dataclass(frozen=True, slots=True, config=_JSON)
class Selector:
    """A label selector of Kubernetes: all of it must be met; an empty one selects everything."""

    match_labels: Mapping[str, str] = Field(default_factory=dict)
    match_expressions: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        wanted = all(labels.get(key) == value for key, value in self.match_labels.items())
        return wanted and all(requirement.matches(labels) for requirement in self.match_expressions)


@dataclass(frozen=True, slots=True, config=_JSON)
class AllowedNamespaces:
    """Whose jobs may use the workspace beside those of its own namespace."""

    from_: str = Field(default="Same", alias="from")
    selector: Selector | None = None

    def admits(self, labels: Mapping[str, str] | None) -> bool:
        """Whether another namespace may use it; labels that could not be read are None and match no selector."""
        if self.from_ == "Selector":
            return self.selector is not None and labels is not None and self.selector.matches(labels)
        return self.from_ == "All"


@dataclass(frozen=True, slots=True, config=_JSON)
class PricesRef:
    """The ConfigMap of the workspace's namespace that holds its price list."""

    name: str


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
    prices_ref: PricesRef | None = None
    quota_guard: str | None = None

    @property
    def guards_quota(self) -> bool:
        """Whether jobs that the provider's own quota does not serve are held."""
        return self.quota_guard == "Enforce"


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
    finalizers: Sequence[str] = ()

    @property
    def in_use(self) -> bool:
        """Whether it carries our finalizer: claims point to it."""
        return WORKSPACE_FINALIZER in self.finalizers

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

    @property
    def place(self) -> str:
        """The `place_digest` of where it leads to."""
        return place_digest(self.id, self.endpoint)

    def admits(self, namespace: str, labels: Mapping[str, str] | None = None) -> bool:
        """Whether jobs of this namespace may use the workspace.

        Args:
            namespace: Its name.
            labels: Its labels, None if they are not known.
        """
        allowed = self.spec.allowed_namespaces
        return namespace == self.namespace or (allowed is not None and allowed.admits(labels))

    def unserved_field(self) -> str | None:
        """The first field that asks for something this version does not do."""
        allowed = self.spec.allowed_namespaces
        selector = allowed.selector if allowed else None
        for requirement in selector.match_expressions if selector else ():
            if not requirement.understood:
                return f"allowedNamespaces.selector.matchExpressions (operator {requirement.operator})"
        return None


_SPEC: Final = TypeAdapter(WorkspaceSpec)
_STATUS: Final = TypeAdapter(_StatusRead)


def parse_workspace(body: Mapping[str, Any]) -> QuantumWorkspace:
    """An object's JSON as a value.

    Raises:
        MalformedObject: The JSON is not what the CRD's schema admits.
    """
    meta, status = body["metadata"], body.get("status") or {}
    spec = parsed_part(body, "spec", _SPEC.validate_python)
    try:
        workspace_id(spec.resource_id)
    except InvalidName as error:
        raise MalformedObject(f"spec.resourceId: {error}") from error
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
        finalizers=packed_names(meta.get("finalizers") or ()),
    )


def referenced_name(job: QuantumJob, find: Callable[[Name], QuantumWorkspace | None], default: Name | None) -> Name:
    """The namespace and name that a job's reference means, whether there is such an object or not.

    Without a reference: `default` in the job's namespace, or else the operator's configured default.
    """
    ref = job.spec.workspace_ref
    if ref is not None:
        return (ref.namespace or job.namespace, ref.name)
    own = (job.namespace, DEFAULT_WORKSPACE)
    return default if default and find(own) is None else own


def resolve_reference(
    job: QuantumJob,
    find: Callable[[Name], QuantumWorkspace | None],
    default: Name | None,
    labels: Mapping[str, str] | None = None,
) -> QuantumWorkspace | str:
    """The workspace of a job, or the sentence that says why there is none.

    For a reference to another namespace, missing and not allowed read the same: whoever may not use a workspace must
    not learn that it exists.

    Args:
        job: Whose reference.
        find: The QuantumWorkspace of a name, or None.
        default: The operator's configured default.
        labels: Of the job's namespace; None if they could not be read.
    """
    ref = job.spec.workspace_ref
    name = referenced_name(job, find, default)
    found = find(name)
    if found is not None and found.admits(job.namespace, labels):
        return found
    wanted = f"QuantumWorkspace {name[0]}/{name[1]}"
    leads = f"spec.workspaceRef leads to {wanted}" if ref else f"spec.workspaceRef is absent, which means {wanted}"
    if name[0] == job.namespace:
        return f"{leads}, which does not exist; create it, or name another in a new job"
    # Said whether there is a selector or not: it must not show which workspaces exist.
    unread = "" if labels is not None else " (its labels cannot be read, so that no selector can allow it)"
    return (
        f"{leads}, which does not exist or does not allow namespace {job.namespace}{unread}; "
        "ask its owner to set spec.allowedNamespaces, or name another in a new job"
    )
