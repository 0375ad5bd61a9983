"""Every name that the operator gives or recognises, and the ids, digests and addresses that it derives.

Lives here: constants of the API group, and pure functions from inputs to a name. Must not live here: whether a name is
free, who may use it, or anything that asks a cluster or a service.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid5

GROUP: Final = "quantumjobs.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
PREFIX: Final = f"{GROUP}/"

JOB_KIND: Final = "QuantumJob"
JOB_PLURAL: Final = "quantumjobs"
WORKSPACE_KIND: Final = "QuantumWorkspace"
WORKSPACE_PLURAL: Final = "quantumworkspaces"
POLICY_PLURAL: Final = "quantumpolicies"
BUDGET_KIND: Final = "QuantumBudget"
BUDGET_PLURAL: Final = "quantumbudgets"
DEFAULT_WORKSPACE: Final = "default"

FINALIZER: Final = f"{PREFIX}cancel"
"""On a QuantumJob from before the first remote call until its remote job is final."""
WORKSPACE_FINALIZER: Final = f"{PREFIX}in-use"
"""On a QuantumWorkspace while claims point to it."""
BUDGET_FINALIZER: Final = f"{PREFIX}reserved"
"""On a QuantumBudget while something is reserved."""
CLAIM_ANNOTATION: Final = f"{PREFIX}claim"
RECOUNT_ANNOTATION: Final = f"{PREFIX}recount"
"""On a QuantumBudget; each new value has its ledger counted anew."""

JOB_LABEL: Final = f"{PREFIX}job"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGED_BY: Final = "quantumjob-operator"

PROGRAM_SECRET: Final = f"{PREFIX}program"
"""A Secret holds a program only if this is its type, or a label of it that says "true"."""
CREDENTIALS_SECRET: Final = f"{PREFIX}credentials"
"""The same for a Secret that holds a workspace's credentials."""

METADATA_PREFIX: Final = "quantumjobs_"
"""Of the remote job's metadata that tell whose it is: letters, digits and `_`, as in every job seen at the service."""
METADATA_CLUSTER: Final = f"{METADATA_PREFIX}cluster"
METADATA_NAMESPACE: Final = f"{METADATA_PREFIX}namespace"
METADATA_NAME: Final = f"{METADATA_PREFIX}name"
METADATA_UID: Final = f"{METADATA_PREFIX}uid"
METADATA_SPEC_DIGEST: Final = f"{METADATA_PREFIX}spec_digest"
METADATA_HOLDER: Final = f"{METADATA_PREFIX}holder"
"""The process that sent the job."""
METADATA_SENT: Final = f"{METADATA_PREFIX}sent"
"""When it did so, by the API server's clock."""
METADATA_DELETION_POLICY: Final = f"{METADATA_PREFIX}deletion_policy"
"""What was to become of the job with its object when it was sent."""
METADATA_RESERVED: Final = f"{METADATA_PREFIX}reserved"
"""What was reserved for the job in budgets when it was sent (`budgets.told`)."""
_FORMER_METADATA: Final[Mapping[str, str]] = {
    METADATA_CLUSTER: f"{PREFIX}cluster",
    METADATA_NAMESPACE: f"{PREFIX}namespace",
    METADATA_NAME: f"{PREFIX}name",
    METADATA_UID: f"{PREFIX}uid",
    METADATA_SPEC_DIGEST: f"{PREFIX}spec-digest",
}
OWN_METADATA: Final = frozenset(
    {
        METADATA_CLUSTER,
        METADATA_NAMESPACE,
        METADATA_NAME,
        METADATA_UID,
        METADATA_SPEC_DIGEST,
        METADATA_HOLDER,
        METADATA_SENT,
        METADATA_DELETION_POLICY,
        METADATA_RESERVED,
        *_FORMER_METADATA.values(),
    }
)
"""All keys that an operator of any version has written; nothing follows from another."""

_ORPHAN_TAG: Final = "quantumjobs_orphaned_by_"
"""Begins the tag of a remote job whose object released it on purpose."""

JOB_ID_NAMESPACE: Final = UUID("166c4755-c16e-5681-b21e-e8ba11e92a41")
"""`uuid5(NAMESPACE_DNS, "quantumjobs.dev")`, spelled out: ids must outlive a change of the API group."""

_JOB_ID_FORMULA: Final = "v1"
_RESOURCE_ID: Final = re.compile(
    r"/subscriptions/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"/resourcegroups/[a-z0-9_.()-]{1,90}"
    r"/providers/microsoft\.quantum/workspaces/[a-z0-9-]{2,54}",
)
_WORD: Final = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_NAME: Final = re.compile(rf"{_WORD}(?:\.{_WORD})*")
_LOCATION: Final = re.compile(r"[a-z0-9]{2,40}")
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOST_OF_A_NAME: Final = 253
_HOST_SUFFIXES: Final[Mapping[str, str]] = {"V1": "", "V2": "-v2"}


class InvalidName(ValueError):  # noqa: N818 - reads as what it says where it is caught
    """An input from which no name can be derived; the message says which and what it should look like."""


@lru_cache(maxsize=1024)
def workspace_id(resource_id: str) -> str:
    """The one spelling of a workspace's resource id: lower case, no slash at the end.

    Azure compares resource ids without case, so only this spelling may be compared, hashed or used as a key.

    Raises:
        InvalidName: It is not the resource id of an Azure Quantum workspace.
    """
    canonical = resource_id.rstrip("/").lower()
    # Outside of ASCII, languages disagree about which letters are the same without case.
    if not (resource_id.isascii() and _RESOURCE_ID.fullmatch(canonical)):
        raise InvalidName(
            f"{resource_id[:200]!r} is not /subscriptions/<guid>/resourceGroups/<name>"
            "/providers/Microsoft.Quantum/workspaces/<name>",
        )
    return canonical


@lru_cache(maxsize=4096)
def job_id(workspace: str, namespace: str, *, uid: str | None, key: str | None, attempt: int) -> str:
    r"""The GUID of an attempt in Azure, the same from every operator at every time.

    The formula is `uuid5(JOB_ID_NAMESPACE, "\n".join(["v1", workspace.lower(), namespace, owner, str(attempt)]))` with
    the owner `"key:" + key` or, without a key, `"uid:" + uid`. Changing it would bill running jobs a second time.

    Args:
        workspace: Resource id of the workspace, in any case.
        namespace: The QuantumJob's namespace.
        uid: `metadata.uid`, the identity of a job without a key.
        key: `spec.idempotencyKey`, or None.
        attempt: Counted from 1.

    Raises:
        InvalidName: A part is missing, empty or has a line break, or the attempt is below 1.
    """
    owner = f"uid:{_line('uid', uid)}" if key is None else f"key:{_line('idempotencyKey', key)}"
    if attempt < 1:
        raise InvalidName(f"attempts are counted from 1, not {attempt}")
    lines = [_JOB_ID_FORMULA, workspace_id(workspace), _line("namespace", namespace), owner, str(attempt)]
    return str(uuid5(JOB_ID_NAMESPACE, "\n".join(lines)))


def owner_told(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """What a remote job's metadata tell of its owner, by today's keys, whichever version of the operator wrote them.

    Where the former keys stand they are the truth: no user could ever set those, but today's ones were free then.

    Args:
        metadata: All of the remote job's.
    """
    former = {key: metadata[old] for key, old in _FORMER_METADATA.items() if old in metadata}
    return former or {key: metadata[key] for key in _FORMER_METADATA if key in metadata}


def is_written_before(metadata: Mapping[str, str]) -> bool:
    """Whether a version wrote them whose users could set today's keys."""
    return any(key in metadata for key in _FORMER_METADATA.values())


def _line(part: str, text: str | None) -> str:
    if not text or "\n" in text or "\r" in text:
        raise InvalidName(f"{part} must be one line that is not empty, not {text!r}")
    return text


def is_namespace(text: str) -> bool:
    """Whether a text is the name of a namespace (RFC 1123 label)."""
    return _LABEL.fullmatch(text) is not None


def is_object_name(text: str) -> bool:
    """Whether a text is the name of an object (RFC 1123 subdomain)."""
    return len(text) <= _MOST_OF_A_NAME and _NAME.fullmatch(text) is not None


def is_guid(text: str) -> bool:
    """Whether a text is a GUID in its usual form: a name that nobody else's thing has, and no longer than that."""
    return _GUID.fullmatch(text) is not None


def orphan_tag(uid: str) -> str:
    """The tag that says that the object of this uid let the remote job go on purpose (`deletionPolicy: Orphan`)."""
    return f"{_ORPHAN_TAG}{uid}"


def is_orphan_tag(tag: str) -> bool:
    """Whether a tag says so of any object."""
    return tag.startswith(_ORPHAN_TAG)


def default_output_name(job_name: str) -> str:
    """The ConfigMap that a job's output goes to unless the job names another."""
    return f"{job_name}-output"


def spec_digest(
    *,
    provider: str,
    target: str,
    input_format: str,
    output_format: str,
    parameters: Mapping[str, Any] | None,
    session_id: str | None,
    program: bytes,
) -> str:
    """What was asked for, as `sha256:<hex>`: two jobs with one digest have the same billable definition.

    The provider's case makes no difference (the service lower-cases it), nor does the order of keys, nor whether
    parameters are absent or empty. `output_format` is the resolved one.
    """
    canonical = {
        "inputFormat": input_format,
        "outputFormat": output_format,
        "parameters": dict(parameters or {}),
        "program": program_digest(program),
        "provider": provider.lower(),
        "sessionId": session_id.lower() if session_id else None,
        "target": target,
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def place_digest(place: str, origin: str) -> str:
    """A short name of an Azure workspace behind an endpoint, for where its canonical id would be too long."""
    return hashlib.sha256(f"{place} {origin}".encode()).hexdigest()[:12]


def program_digest(program: bytes) -> str:
    """The digest of a program's bytes, as `sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(program).hexdigest()}"


def endpoint(location: str, kind: str = "V1") -> str:
    """The origin of a workspace's data plane in the public cloud.

    Raises:
        InvalidName: The location has other characters than a-z and 0-9, or the kind is neither V1 nor V2.
    """
    if not _LOCATION.fullmatch(location):
        raise InvalidName(f"{location[:100]!r} is not an Azure location such as eastus")
    if kind not in _HOST_SUFFIXES:
        raise InvalidName(f"{kind[:100]!r} is neither V1 nor V2")
    return f"https://{location}{_HOST_SUFFIXES[kind]}.quantum.azure.com"


def portal_url(resource_id: str, remote_job_id: str) -> str:
    """The page of a job in the Azure portal.

    The form is the one that Microsoft's own client used in `CloudJob.Uri` (microsoft/qsharp-runtime), without the
    directory of its authors; the portal then uses the reader's own.

    Raises:
        InvalidName: One of the two is not an id.
    """
    workspace_id(resource_id)
    try:
        identifier = UUID(remote_job_id)
    except ValueError:
        raise InvalidName(f"{remote_job_id[:100]!r} is not a job id") from None
    page = f"https://portal.azure.com/#resource{resource_id.rstrip('/')}/job_management"
    return f"{page}?microsoft_azure_quantum_jobid={identifier}"
