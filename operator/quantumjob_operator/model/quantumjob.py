"""The QuantumJob as the API server tells it, parsed once into frozen values.

Lives here: the shape of an object and of the claim annotation. Must not live here: decisions, defaults that depend on
anything outside the object, or the shape of `.status` (`jobstatus`).
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from dataclasses import dataclass as plain
from dataclasses import field as plain_field
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from quantumjob_operator.model.believed import attempt_at_service
from quantumjob_operator.model.jobstatus import JobStatus, parse_status
from quantumjob_operator.model.measures import bytes_of, exceeds
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.naming import CLAIM_ANNOTATION, FINALIZER, workspace_id
from quantumjob_operator.model.packed import Texts, Values, packed_labels, packed_names
from quantumjob_operator.model.parsing import MalformedObject, parsed_part

MAX_OBJECT_BYTES: Final = 512 * 1024
"""Beyond this the API server may accept the finalizer and then refuse every status patch."""
MAX_PARAMETER_DEPTH: Final = 64
"""Levels of nesting in spec.parameters; readers of JSON give up beyond, many of them by crashing."""
MAX_PARAMETER_VALUES: Final = 10_000
"""Keys' values and list items in spec.parameters: an empty list takes three bytes of JSON and sixty of memory."""
MAX_FENCE_SECONDS: Final = 86_400.0
"""The longest fence that a claim may ask for; whoever edits the annotation delays only their own job."""

_CLAIM_VERSION: Final = 1
_MOST_ATTEMPTS: Final = 1_000_000
_JSON: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


@dataclass(frozen=True, slots=True, config=_JSON)
class KeyRef:
    """A key of a ConfigMap or Secret in the job's own namespace."""

    name: str
    key: str


@dataclass(frozen=True, slots=True, config=_JSON)
class Program:
    """What to run: exactly one of the sources is there (a CEL rule of the CRD), in UTF-8."""

    format: str
    source: bytes | None = None
    source_base64: bytes | None = None
    config_map_key_ref: KeyRef | None = None
    secret_key_ref: KeyRef | None = None

    def inline(self) -> bytes | None:
        """The program's bytes if they stand in the manifest, else None.

        Raises:
            MalformedObject: `sourceBase64` is not base64.
        """
        if self.source is not None:
            return self.source
        if self.source_base64 is None:
            return None
        try:
            # Line breaks pass the CRD's pattern, and a block of YAML ends with one.
            return base64.b64decode(self.source_base64.translate(None, b"\r\n"), validate=True)
        except ValueError as error:
            raise MalformedObject(
                f"spec.program.sourceBase64 is not base64: {error}; encode the program with `base64 -w0` in a new job"
            ) from None


@dataclass(frozen=True, slots=True, config=_JSON)
class WorkspaceRef:
    """Which QuantumWorkspace; without a namespace the job's own."""

    name: str
    namespace: str | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class Output:
    """Where the output goes and what it holds."""

    config_map_name: str | None = None
    keys: Mapping[str, str] | None = None
    labels: Texts = None
    annotations: Texts = None
    include_result: bool | None = None
    include: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class JobSpec:
    """`.spec` as the user wrote it; what is absent stays None."""

    provider: str
    target: str
    program: Program
    name: str | None = None
    parameters: Values = None
    output_format: str | None = None
    workspace_ref: WorkspaceRef | None = None
    tags: tuple[str, ...] = ()
    metadata: Texts = None
    priority: str | None = None
    session_id: str | None = None
    idempotency_key: str | None = None
    max_cost: tuple[Amount, ...] = ()
    output: Output | None = None
    backoff_limit: int | None = None
    suspend: bool = False
    cancel: bool = False
    active_deadline_seconds: int | None = None
    queue_deadline_seconds: int | None = None
    ttl_seconds_after_finished: int | None = None
    deletion_policy: str = "Cancel"


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="ignore", strict=True, str_max_length=512))
class Through:
    """One QuantumWorkspace object: another one of its name is not it."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="ignore", strict=True, str_max_length=512))
class Claim:
    """The annotation that says who may submit which attempt, written before anything is sent.

    Whoever may change the object may change this, too: it names a way, but opens none (`lifecycle.admission`).

    Attributes:
        v: Version of this shape.
        uid: Of the object it was written for; another uid means that the object is a copy.
        workspace: Canonical (lower-case) resource id of the workspace that all attempts go to.
        attempt: The attempt that may be submitted.
        holder: The process that may submit it; new for each start of the operator.
        fence: Seconds after which a 404 can be believed, whoever of those that held the claim may have sent: never less
            than what its earlier holders needed. None in a claim of an older version.
        through: The QuantumWorkspace object that it was claimed through; claims of older operators name none.
    """

    v: int
    uid: str
    workspace: str
    attempt: int
    holder: str
    fence: Annotated[float, Field(ge=0, le=MAX_FENCE_SECONDS)] | None = None
    through: Through | None = None

    def annotation(self) -> str:
        """The annotation's text."""
        fields: dict[str, Any] = {"v": self.v, "uid": self.uid, "workspace": self.workspace, "attempt": self.attempt}
        fields |= {"holder": self.holder}
        fields |= {} if self.fence is None else {"fence": self.fence}
        fields |= {"through": asdict(self.through)} if self.through else {}
        return json.dumps(fields, separators=(",", ":"))


@plain(frozen=True, slots=True)
class QuantumJob:
    """One object, as of one resourceVersion.

    Attributes:
        labels: Of its metadata; None if they are too many to be read.
        size: Bytes of its JSON.
        spec_too_large: The part of `.spec` that can't be changed any more exceeds `MAX_OBJECT_BYTES` by itself.
        deletion_requested: Whether it carries a deletionTimestamp.
        deleted_at: The deletionTimestamp.
        claim_unreadable: There is a claim annotation, but it is not one of ours, or status speaks against it.
        parameters_too_deep: `spec.parameters` is nested beyond `MAX_PARAMETER_DEPTH`; it was dropped unread.
        parameters_too_many: `spec.parameters` holds more than `MAX_PARAMETER_VALUES`; it was dropped unread.
    """

    namespace: str
    name: str
    uid: str
    resource_version: str
    generation: int
    created: datetime
    spec: JobSpec
    status: JobStatus
    labels: Mapping[str, str] | None = plain_field(default_factory=dict)
    claim: Claim | None = None
    claim_unreadable: bool = False
    finalizers: Sequence[str] = ()
    deletion_requested: bool = False
    deleted_at: datetime | None = None
    size: int = 0
    parameters_too_deep: bool = False
    parameters_too_many: bool = False
    spec_too_large: bool = False

    @property
    def key(self) -> str:
        """`namespace/name`, for people."""
        return f"{self.namespace}/{self.name}"

    @property
    def confidential(self) -> bool:
        """Whether the program stands in a Secret, so that nobody may quote it where a status can be read."""
        return self.spec.program.secret_key_ref is not None

    @property
    def has_finalizer(self) -> bool:
        """Whether our finalizer is on."""
        return FINALIZER in self.finalizers

    @property
    def attempt_at_service(self) -> int | None:
        """The attempt of this very object that its status alone shows to be at the service."""
        key = self.spec.idempotency_key
        return attempt_at_service(self.status, namespace=self.namespace, uid=self.uid, key=key)

    def without_claim(self) -> "QuantumJob":
        """The object as if its claim were unreadable: what status says against it is believed."""
        return replace(self, claim=None, claim_unreadable=True)

    @property
    def output_name(self) -> str:
        """The name of the output ConfigMap."""
        chosen = self.spec.output.config_map_name if self.spec.output else None
        return chosen or f"{self.name}-output"


_SPEC: Final = TypeAdapter(JobSpec)
_CLAIM: Final = TypeAdapter(Claim)


def parse_job(body: Mapping[str, Any]) -> QuantumJob:
    """An object's JSON as a value.

    Raises:
        MalformedObject: The JSON is not what the CRD's schema admits (an older or foreign CRD is installed).
    """
    parameters = (body.get("spec") or {}).get("parameters")
    too_many, too_deep = exceeds(MAX_PARAMETER_VALUES, MAX_PARAMETER_DEPTH, parameters)
    body = _without_parameters(body) if too_many or too_deep else body
    meta = body["metadata"]
    spec = parsed_part(body, "spec", _SPEC.validate_python)
    status = parsed_part(body, "status", parse_status)
    size = bytes_of(body)
    fixed = {name: value for name, value in body["spec"].items() if name != "output"}
    too_large = size > MAX_OBJECT_BYTES and bytes_of(fixed) > MAX_OBJECT_BYTES
    if too_large:
        spec = replace(spec, parameters={})  # the object stays in memory until it is deleted
    claim, unreadable = _parse_claim((meta.get("annotations") or {}).get(CLAIM_ANNOTATION))
    job = QuantumJob(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        resource_version=meta["resourceVersion"],
        generation=meta.get("generation", 1),
        created=datetime.fromisoformat(meta["creationTimestamp"]),
        spec=spec,
        status=status,
        labels=packed_labels(meta.get("labels") or {}),
        claim=claim,
        claim_unreadable=unreadable,
        finalizers=packed_names(meta.get("finalizers") or ()),
        deletion_requested="deletionTimestamp" in meta,
        deleted_at=datetime.fromisoformat(meta["deletionTimestamp"]) if meta.get("deletionTimestamp") else None,
        size=size,
        parameters_too_deep=too_deep,
        parameters_too_many=too_many,
        spec_too_large=too_large,
    )
    used, at_service = status.workspace, job.attempt_at_service
    own = claim and used and (claim.uid, claim.workspace) == (job.uid, used.id)
    disproved = claim and at_service and (not own or claim.attempt < at_service)
    return job.without_claim() if disproved else job


def _without_parameters(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object without what is too much to be read; managedFields repeat the nesting and the keys."""
    metadata = {field: value for field, value in body["metadata"].items() if field != "managedFields"}
    return {**body, "metadata": metadata, "spec": {**body["spec"], "parameters": {}}}


def _parse_claim(text: str | None) -> tuple[Claim | None, bool]:
    if text is None:
        return None, False
    try:
        claim = _CLAIM.validate_json(text)
        ours = claim.v == _CLAIM_VERSION and 1 <= claim.attempt <= _MOST_ATTEMPTS
        ours = ours and claim.workspace == workspace_id(claim.workspace)
    except ValueError:
        return None, True
    # No id could be derived from such a claim, or it means something that only a later version knows.
    return (claim, False) if ours else (None, True)
