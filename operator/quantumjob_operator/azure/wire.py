"""JSON of the Azure Quantum data plane, to values and back; pure, so no HTTP and no clock.

Reads what the service sends leniently where it is known to vary (time formats, nulls, unknown fields) and refuses the
rest with `Unreadable`. What a status means is not decided here: `lifecycle` does that.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from quantumjob_operator.azure.times import Unreadable, parse_time
from quantumjob_operator.model.remotejob import Cost, JobRow, RemoteError, RemoteJob

API_VERSION: Final = "2026-01-15-preview"
TOKEN_SCOPE: Final = "https://quantum.microsoft.com/.default"  # noqa: S105 - the name of a scope, no secret
API_KEY_HEADER: Final = "x-ms-quantum-api-key"
INPUT_BLOB: Final = "inputData"
DEFAULT_CONTENT_TYPE: Final = "application/octet-stream"
CONTENT_TYPES: Final[Mapping[str, str]] = {
    "ionq.circuit.v1": "application/json",
    "honeywell.openqasm.v1": "application/qasm",
    "rigetti.quil.v1": "text/plain",
    "pasqal.pulser.v1": "application/json",
    "qir.v1": "qir.v1",
}

MAX_LABEL: Final = 256
"""Characters of an id or a word in a list; the schema of a workspace's status takes no more."""
_LONE_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_LARGEST_NUMBER: Final = 1e300  # JSON knows no bounds, and Python's reads Infinity and NaN too


@dataclass(frozen=True, slots=True)
class JobDefinition:
    """What a job shall be: everything of the create body but the places of its blobs."""

    job_id: str
    name: str
    provider: str
    target: str
    input_format: str
    output_format: str
    parameters: Mapping[str, Any]
    metadata: Mapping[str, str]
    priority: str | None
    tags: tuple[str, ...]
    session_id: str | None


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """How one target of a provider is doing."""

    provider: str
    target: str
    availability: str
    average_queue_time_seconds: int | None


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit of the workspace; utilization and holds both take from the limit."""

    dimension: str
    scope: str
    provider: str
    period: str
    utilization: float | None
    holds: float | None
    limit: float | None


def content_type(input_format: str) -> str:
    """The content type under which a program of this format is uploaded."""
    return CONTENT_TYPES.get(input_format, DEFAULT_CONTENT_TYPE)


def parse_job(body: Any) -> RemoteJob:
    """Read one job.

    Raises:
        Unreadable: A field has a type that the contract does not know, or the id or the status is missing.
    """
    job = as_object(body, "job")
    return RemoteJob(
        id=_required(job, "id"),
        name=_text(job, "name") or "",
        status=_required(job, "status"),
        provider=_text(job, "providerId") or "",
        target=_text(job, "target") or "",
        creation_time=_time(job, "creationTime"),
        begin_execution_time=_time(job, "beginExecutionTime"),
        end_execution_time=_time(job, "endExecutionTime"),
        cancellation_time=_time(job, "cancellationTime"),
        error=_job_error(job),
        cost=_cost(job),
        output_uri=_without_query(_text(job, "outputDataUri")),
        output_location=_text(job, "outputDataUri"),
        metadata=_metadata(job),
        session_id=_text(job, "sessionId"),
        is_cancelling=job.get("isCancelling") is True,
        tags=_tags(job),
    )


def parse_rows(rows: list[Any]) -> tuple[list[JobRow], int]:
    """Read of the rows of a list what they are asked for; the rest, which may be much, is not looked at.

    Returns:
        The rows that can be read, and how many can't.
    """
    read: list[JobRow] = []
    for body in rows:
        try:
            row = as_object(body, "row")
            read.append(JobRow(_label(row, "id"), _label(row, "status")))
        except Unreadable:
            continue
    return read, len(rows) - len(read)


def parse_whole_rows(rows: list[Any]) -> list[RemoteJob]:
    """Read the rows of a list as jobs; those that can't be read are left out."""
    read: list[RemoteJob] = []
    for body in rows:
        with suppress(Unreadable):
            read.append(parse_job(body))
    return read


def sas_uri(body: Any) -> str:
    """The answer of `storage/sasUri`: a secret."""
    return _required(as_object(body, "sasUri"), "sasUri")


def create_body(definition: JobDefinition, container_uri_with_sas: str, input_uri: str) -> dict[str, Any]:
    """The body that creates a job; what the definition leaves open is left out, never sent as null."""
    optional = {
        "metadata": dict(definition.metadata),
        "priority": definition.priority,
        "tags": list(definition.tags),
        "sessionId": definition.session_id,
    }
    return {
        "itemType": "Job",
        "name": definition.name,
        "containerUri": container_uri_with_sas,
        "inputDataUri": input_uri,
        "inputDataFormat": definition.input_format,
        "outputDataFormat": definition.output_format,
        "providerId": definition.provider,
        "target": definition.target,
        "inputParams": dict(definition.parameters),
        **{key: value for key, value in optional.items() if value},
    }


def parse_page(body: Any) -> tuple[list[Any], str | None]:
    """Split a page into its rows, still raw, and the link to the next page."""
    page = as_object(body, "page")
    rows = page.get("value")
    if not isinstance(rows, list):
        raise Unreadable("page: value is no list")
    return rows, _text(page, "nextLink") or None


def parse_targets(body: Any) -> list[TargetStatus]:
    """Read one row of `providerStatus`: a provider with its targets."""
    provider = as_object(body, "providerStatus")
    targets = provider.get("targets") or []
    if not isinstance(targets, list):
        raise Unreadable("providerStatus: targets is no list")
    rows = [as_object(row, "target") for row in targets]
    return [
        TargetStatus(
            provider=_label(provider, "id"),
            target=_label(row, "id"),
            availability=_label(row, "currentAvailability", ""),
            average_queue_time_seconds=_whole(_number(row, "averageQueueTime")),
        )
        for row in rows
    ]


def parse_quota(body: Any) -> Quota:
    """Read one row of `quotas`."""
    quota = as_object(body, "quota")
    return Quota(
        dimension=_label(quota, "dimension"),
        scope=_label(quota, "scope", ""),
        provider=_label(quota, "providerId", ""),
        period=_label(quota, "period", ""),
        utilization=_number(quota, "utilization"),
        holds=_number(quota, "holds"),
        limit=_number(quota, "limit"),
    )


def as_object(body: Any, what: str) -> Mapping[str, Any]:
    """The body as a JSON object, or `Unreadable`."""
    if not isinstance(body, dict):
        raise Unreadable(f"{what}: no JSON object")
    return body


def _job_error(job: Mapping[str, Any]) -> RemoteError | None:
    if job.get("errorData") is None:
        return None
    error = as_object(job["errorData"], "errorData")
    return RemoteError(_text(error, "code"), _text(error, "message"))


def _cost(job: Mapping[str, Any]) -> Cost | None:
    if job.get("costEstimate") is None:
        return None
    cost = as_object(job["costEstimate"], "costEstimate")
    total = cost.get("estimatedTotal")
    if total is None:
        return None
    if isinstance(total, bool) or not isinstance(total, (int, float, str)):
        raise Unreadable("estimatedTotal is no number")
    return Cost(str(total), _text(cost, "currencyCode") or "")


def _metadata(job: Mapping[str, Any]) -> dict[str, str]:
    metadata = as_object(job.get("metadata") or {}, "metadata")
    return {key: _required(metadata, key) for key, value in metadata.items() if value not in (None, "")}


def _tags(job: Mapping[str, Any]) -> tuple[str, ...]:
    """Tags decide nothing but what we wrote there ourselves: what is no text is left out."""
    tags = job.get("tags")
    return tuple(_whole_characters(tag) for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()


def _required(row: Mapping[str, Any], key: str) -> str:
    value = _text(row, key)
    if not value:
        raise Unreadable(f"{key} is missing")
    return value


def _label(row: Mapping[str, Any], key: str, default: str | None = None) -> str:
    """A text that is kept or shown, and so may not be long."""
    value = (_text(row, key) or default) if default is not None else _required(row, key)
    if len(value) > MAX_LABEL:
        raise Unreadable(f"{key} is longer than {MAX_LABEL} characters")
    return value


def _text(row: Mapping[str, Any], key: str) -> str | None:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{key} is no text")
    return value and _whole_characters(value)


def _whole_characters(text: str) -> str:
    """The text as every other reader of JSON has it: an escape of half a surrogate pair stands for no character."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def _number(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _LARGEST_NUMBER:
        raise Unreadable(f"{key} is no number")
    return float(value)


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _time(row: Mapping[str, Any], key: str) -> datetime | None:
    text = _text(row, key)
    if not text:
        return None
    return parse_time(text)


def _without_query(uri: str | None) -> str | None:
    return re.split(r"[?#]", uri, maxsplit=1)[0] if uri else None
