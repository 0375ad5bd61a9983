"""JSON of the Azure Quantum data plane, to values and back; pure, so no HTTP and no clock.

Reads what the service sends leniently where it is known to vary (time formats, nulls, unknown fields) and refuses the
rest with `Unreadable`. What a status means is not decided here: `lifecycle` does that.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from quantumjob_operator.azure.costs import parse_cost, parse_usage
from quantumjob_operator.azure.fields import (
    MAX_LABEL,
    Optional,
    as_object,
    beginning,
    label,
    required,
    short,
    text,
    time,
    whole,
    whole_characters,
    word,
)
from quantumjob_operator.azure.times import Unreadable
from quantumjob_operator.model.naming import OWN_METADATA, is_orphan_tag
from quantumjob_operator.model.remotejob import JobRow, RemoteError, RemoteJob

API_VERSION: Final = "2026-01-15-preview"
QUEUE_API_VERSION: Final = "2026-08-01-preview"
"""Of the one call that no older version has; known from the specification only."""
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
# What is kept of a job while it is reconciled, whatever its endpoint says. A text that is shown is cut off shorter
# there, with care for a secret that would be cut in two.
_MOST_OF_MESSAGE: Final = 32 * 1024
_MOST_OF_URI: Final = 8 * 1024
_MOST_OF_NOTE: Final = 4 * 1024
_MOST_OF_TAGS: Final = 32 * 1024
_TAG_ITSELF: Final = 64
_MOST_ORPHAN_TAGS: Final = 64


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


def content_type(input_format: str) -> str:
    """The content type under which a program of this format is uploaded."""
    return CONTENT_TYPES.get(input_format, DEFAULT_CONTENT_TYPE)


def parse_job(body: Any) -> RemoteJob:
    """Read one job; what decides nothing and can't be read is left out and named in `left_out`.

    Raises:
        Unreadable: A field that decides has a type that the contract does not know, or the id or the status is missing.
    """
    job = as_object(body, "job")
    optional = Optional(job)
    output, location = _output(job)
    tags = optional(_tags, "tags")
    return RemoteJob(
        id=_id(job),
        name=optional(short, "name") or "",
        status=word(job, "status"),
        provider=optional(short, "providerId") or "",
        target=optional(short, "target") or "",
        creation_time=optional(time, "creationTime"),
        begin_execution_time=optional(time, "beginExecutionTime"),
        end_execution_time=optional(time, "endExecutionTime"),
        cancellation_time=optional(time, "cancellationTime"),
        error=_job_error(job),
        cost=optional(parse_cost, "costEstimate"),
        usage=optional(parse_usage, "usage") or {},
        output_uri=output,
        output_location=location,
        metadata=_metadata(job),
        session_id=optional(short, "sessionId"),
        is_cancelling=job.get("isCancelling") is True,
        tags=_orphan_tags(job) if tags is None else tags,
        left_out=tuple(optional.left_out),
    )


def _id(job: Mapping[str, Any]) -> str:
    """In the letters in which ids are made here: the service takes them in any case, and so may its answers."""
    return label(job, "id").lower()


def parse_rows(rows: list[Any]) -> tuple[list[JobRow], int]:
    """Read of the rows of a list what they are asked for; the rest, which may be much, is not looked at.

    Returns:
        The rows that can be read, and how many can't.
    """
    read: list[JobRow] = []
    for body in rows:
        try:
            row = as_object(body, "row")
            read.append(JobRow(_id(row), word(row, "status"), row.get("isCancelling") is True))
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


def queue_position(body: Any) -> int | None:
    """The answer of `queuePosition`: how many jobs are before this one; None beyond the first thousand.

    Raises:
        Unreadable: It is no such thing.
    """
    position = whole(as_object(body, "queuePosition"), "queuePosition")
    if position is not None and position < 0:
        raise Unreadable("queuePosition is negative")
    return position


def sas_uri(body: Any) -> str:
    """The answer of `storage/sasUri`: a secret."""
    return required(as_object(body, "sasUri"), "sasUri")


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
    return rows, text(page, "nextLink") or None


def _job_error(job: Mapping[str, Any]) -> RemoteError | None:
    if job.get("errorData") is None:
        return None
    error = as_object(job["errorData"], "errorData")
    return RemoteError(beginning(error, "code", _MOST_OF_NOTE), beginning(error, "message", _MOST_OF_MESSAGE))


def _metadata(job: Mapping[str, Any]) -> dict[str, str]:
    """What we wrote there ourselves; cut off, a text that is too long is still none that we wrote."""
    metadata = as_object(job.get("metadata") or {}, "metadata")
    own = {key: beginning(metadata, key, _MOST_OF_NOTE) for key in OWN_METADATA & metadata.keys()}
    return {key: value for key, value in own.items() if value}


def _tags(job: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Tags decide nothing but what we wrote there ourselves: what is no text is left out."""
    tags = job.get(key) or []
    if not isinstance(tags, list):
        raise Unreadable(f"{key} is no list")
    texts = [tag for tag in tags if isinstance(tag, str)]
    if sum(_TAG_ITSELF + len(tag) for tag in texts) > _MOST_OF_TAGS:
        raise Unreadable(f"{key} are longer than any that are kept")
    return tuple(map(whole_characters, texts))


def _orphan_tags(job: Mapping[str, Any]) -> tuple[str, ...]:
    """Of tags that are not kept those that decide."""
    tags = job.get("tags")
    ours = (tag[:MAX_LABEL] for tag in (tags if isinstance(tags, list) else ()) if isinstance(tag, str))
    return tuple(islice(map(whole_characters, filter(is_orphan_tag, ours)), _MOST_ORPHAN_TAGS))


def _output(job: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Where the output is, without its query and with it; who reads it has a query made anew if that is missing."""
    uri = text(job, "outputDataUri")
    if not uri:
        return None, uri
    plain = re.split(r"[?#]", uri, maxsplit=1)[0][:_MOST_OF_URI]
    return plain, uri if len(uri) <= _MOST_OF_URI else plain
