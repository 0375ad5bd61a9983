"""The translator of what goes wrong at the identity provider: its answers and azure-identity's exceptions to `errors`.

A refusal becomes `CredentialsRefused` with a sentence that says what to do; an outage stays an outage (`Retryable`), so
that nobody writes a new Secret because Entra was down. No I/O lives here.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import aiohttp
from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline import PipelineResponse
from pydantic import BaseModel, TypeAdapter, ValidationError

from quantumjob_operator.azure.failures import retry_after
from quantumjob_operator.model.errors import Applied, CredentialsRefused, Retryable, ServiceError, Throttled

OPERATION: Final = "get_token"

_SUCCEEDED: Final = 200
_THROTTLED: Final = 429
# What the provider refuses, it refuses in JSON with one of these.
_REFUSALS: Final = frozenset({400, 401, 403})
_CODE: Final = re.compile(r"\bAADSTS(\d{4,8})\b")
# They differ each time, and a condition whose text differs each time is written each time.
_UNIQUE: Final = re.compile(r"(?<!\s)\s*+(Trace ID|Correlation ID|Timestamp): ?[-:.\w]+( [\d:]+Z)?", re.IGNORECASE)


_MAX_SAID: Final = 8 * 1024


class Topic(StrEnum):
    """What the identity provider complains about, as far as the remedy differs."""

    SECRET = "secret"  # noqa: S105 - a topic
    APPLICATION = "application"
    TENANT = "tenant"
    FEDERATION = "federation"
    CLOCK = "clock"
    RESOURCE = "resource"


# Entra's error codes may grow finer over time: one that is not listed gets the advice for everything.
# https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_TOPICS: Final[Mapping[str, Topic]] = {
    "7000215": Topic.SECRET,  # invalid client secret
    "7000222": Topic.SECRET,  # expired client secret
    "700016": Topic.APPLICATION,  # not found in the directory
    "7000112": Topic.APPLICATION,  # disabled
    "7000229": Topic.APPLICATION,  # no service principal in the tenant
    "90002": Topic.TENANT,  # not found
    "900023": Topic.TENANT,  # neither a GUID nor a domain
    "70021": Topic.FEDERATION,  # no matching federated identity record
    "700211": Topic.FEDERATION,  # none for the issuer
    "700212": Topic.FEDERATION,  # none for the audience
    "700213": Topic.FEDERATION,  # none for the subject
    "50166": Topic.FEDERATION,  # the issuer's keys cannot be fetched
    "700024": Topic.CLOCK,  # the assertion is not within its time
    "500011": Topic.RESOURCE,  # Azure Quantum's own principal is not in the tenant
}
_ADVICE: Final[Mapping[Topic, str]] = {
    Topic.APPLICATION: "the tenant knows no enabled application of this clientId; correct clientId or tenantId",
    Topic.TENANT: "there is no such tenant; correct tenantId",
    Topic.CLOCK: "a token is not valid at this time; the cluster's clock may be wrong",
    Topic.RESOURCE: "Azure Quantum is not known in this tenant; register the provider Microsoft.Quantum there",
}


class _Granted(BaseModel):
    """A token as RFC 6749 (5.1) gives it, as far as azure-identity relies on it."""

    access_token: str
    expires_in: int


_ANSWERS: Final[Mapping[bool, TypeAdapter[Any]]] = {True: TypeAdapter(_Granted), False: TypeAdapter(dict[str, Any])}


def require_answer(response: PipelineResponse[Any, Any]) -> None:
    """A hook of azure-core: let azure-identity read only what the identity provider can have said itself.

    It would read an error page or a redirect as if it were an answer, and put it into its error's text.

    Raises:
        Retryable: The answer is no grant and no refusal; `Throttled` for a 429.
    """
    answer = response.http_response
    status = int(answer.status_code)
    problem = "the identity provider gives no usable answer; if that lasts, check the operator's setting `authority`"
    if status == _SUCCEEDED or status in _REFUSALS:
        try:
            _ANSWERS[status == _SUCCEEDED].validate_json(answer.content)
        except ValidationError:
            raise Retryable(OPERATION, status=status, detail=problem, applied=Applied.NO) from None
        return
    kind = Throttled if status == _THROTTLED else Retryable
    wait = retry_after(answer.headers, datetime.now(UTC))
    raise kind(OPERATION, status=status, detail=problem, retry_after=wait, applied=Applied.NO)


def token_failure(error: Exception, advice: Mapping[Topic, str], otherwise: str, *, hidden: str = "") -> ServiceError:
    """The error for a token that could not be had.

    Args:
        error: What azure-identity raised.
        advice: What to do, by topic; general advice is there for the topics that are left out.
        otherwise: What to do about everything else.
        hidden: A secret that is taken out of what the identity provider says.
    """
    if isinstance(error, ServiceRequestError | ServiceResponseError | TimeoutError | OSError):
        return Retryable(OPERATION, detail=_unreachable(error), applied=Applied.NO)
    # Printed, the error would bring the whole body of the answer along.
    said = _UNIQUE.sub("", (error.message if isinstance(error, AzureError) else str(error))[:_MAX_SAID]).strip()
    if hidden:
        said = said.replace(hidden, "[redacted]")
    found = _CODE.search(said)
    topic = _TOPICS.get(found[1]) if found else None
    remedy = (advice.get(topic) or _ADVICE.get(topic) if topic else None) or otherwise
    code = found[0] if found else None
    return CredentialsRefused(OPERATION, code=code, detail=f"{remedy} ({said})", applied=Applied.NO)


def _unreachable(error: Exception) -> str:
    inner = error.inner_exception if isinstance(error, AzureError) else error
    if isinstance(inner, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return (
            "the identity provider's certificate is not trusted; the operator's setting `ca_bundle` adds an authority"
        )
    if isinstance(inner, aiohttp.ClientConnectorError):
        return "cannot connect to the identity provider; the operator's setting `authority` names it"
    return f"the exchange with the identity provider broke off ({type(inner or error).__name__})"
