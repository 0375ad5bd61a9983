"""How an error of the service reads for the user: the one translation of `ServiceError` to `Trouble`.

Lives here: reasons, remedies, and which refusals are final. Must not live here: back-off (`backoff`).
"""

from dataclasses import replace
from typing import Final

from quantumjob_operator.lifecycle.confidential import shown_error
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.errors import (
    Applied,
    CredentialsRefused,
    EndpointNotAllowed,
    OutputMissing,
    QuotaExhausted,
    Refused,
    ServiceError,
    StorageNotAllowed,
    TargetUnavailable,
    Throttled,
)

OUTPUT_UNREADABLE: Final = "OutputUnreadable"
OUTPUT_MISSING: Final = "OutputMissing"
TARGET_DOWN_SECONDS: Final = 60.0
QUOTA_EXHAUSTED: Final = "QuotaExhausted"
QUOTA_SECONDS: Final = 300.0
"""Quotas are raised by people or renewed by the month: asked for again as often as the workspace itself."""
_BAD_REQUEST: Final = 400
_PUT: Final = "put_job"
_ABOUT_THE_JOB: Final = frozenset({_PUT, "get_job", "cancel_job"})


def trouble_of(error: ServiceError, workspace: str, *, confidential: bool = False) -> Trouble:
    """What keeps the job from its next step.

    Args:
        error: What the service or the way to it answered.
        workspace: `namespace/name` of the QuantumWorkspace, for the remedy.
        confidential: Whether the program stands in a Secret, so that answers about the job are not quoted.
    """
    if not error.answered:
        return _trouble(error, str(error), workspace)
    hidden = confidential and error.operation in _ABOUT_THE_JOB
    answer = f"HTTP {error.status}"
    shown = shown_error(error.code, error.detail, confidential=hidden)
    said = ": ".join(part for part in (answer, shown.code, shown.message) if part)
    return replace(_trouble(error, said, workspace), error=replace(shown, code=shown.code or answer))


def output_trouble_of(error: ServiceError, workspace: str, *, confidential: bool = False) -> Trouble:
    """What keeps the result of a job that has succeeded from being read; it is tried again for a while.

    Args:
        error: What the service or its storage answered.
        workspace: `namespace/name` of the QuantumWorkspace, for the remedy.
        confidential: Whether the program stands in a Secret.
    """
    trouble = trouble_of(error, workspace, confidential=confidential)
    if not isinstance(error, OutputMissing):
        return replace(trouble, reason=OUTPUT_UNREADABLE, final=False)
    message = (
        f"the job succeeded, but its result is missing in the storage account ({error}); it may come late, or somebody "
        "removed it: tried again for a while, then the output is written without it"
    )
    return replace(trouble, reason=OUTPUT_MISSING, message=message)


def _trouble(error: ServiceError, said: str, workspace: str) -> Trouble:
    if isinstance(error, CredentialsRefused) and error.status is None:
        # Whoever gives the tokens refused, and said why to the workspace's owner, who may be somebody else.
        code = f" ({error.code})" if error.code else ""
        remedy = f"QuantumWorkspace {workspace} cannot authenticate{code}; its condition Ready says what to do"
        return Trouble("WorkspaceNotReady", remedy)
    if isinstance(error, CredentialsRefused):
        remedy = f"the service refuses the credentials of QuantumWorkspace {workspace}; renew the Secret they stand in"
        return Trouble("WorkspaceNotReady", f"{remedy} ({said})")
    if isinstance(error, StorageNotAllowed):
        remedy = "if it is the workspace's storage account, ask the operator's administrator to allow it"
        return Trouble("WorkspaceNotReady", f"storage of QuantumWorkspace {workspace}: {error.detail}; {remedy}")
    if isinstance(error, EndpointNotAllowed):
        remedy = f"QuantumWorkspace {workspace}: {error.detail}; correct spec.endpoint or ask for it to be allowed"
        return Trouble("WorkspaceNotReady", remedy)
    if isinstance(error, TargetUnavailable):
        after = max(error.retry_after or 0.0, TARGET_DOWN_SECONDS)
        return Trouble("TargetUnavailable", f"the target takes no jobs now; tried again ({said})", after)
    if isinstance(error, QuotaExhausted):
        return _quota(error, said, workspace)
    if isinstance(error, Throttled):
        return Trouble("Throttled", f"the service asks for fewer requests; tried again ({said})", error.retry_after)
    if isinstance(error, Refused):
        return _refused(error, said, workspace)
    return Trouble(
        "ServiceUnavailable",
        f"the service of QuantumWorkspace {workspace} can't be reached or gives no usable answer ({said})",
        error.retry_after,
        unconfirmed=error.operation == _PUT and error.applied is Applied.UNKNOWN,
        unreadable=error.status is not None and 200 <= error.status < 300,  # noqa: PLR2004 - HTTP
    )


def _quota(error: QuotaExhausted, said: str, workspace: str) -> Trouble:
    return Trouble(
        QUOTA_EXHAUSTED,
        f"the service refuses for lack of a quota or of credit ({said}); status.quotas of QuantumWorkspace {workspace} "
        "shows what is left: have it raised or wait until it is renewed; tried again every few minutes",
        max(error.retry_after or 0.0, QUOTA_SECONDS),
        unconfirmed=error.operation == _PUT and error.applied is Applied.UNKNOWN,
    )


def _refused(error: Refused, said: str, workspace: str) -> Trouble:
    """Only a refused definition is final; permissions, storage roles, a missing workspace and a quota can be fixed."""
    definition = error.code == "InvalidJobDefinition" or error.status == _BAD_REQUEST
    if error.operation == _PUT and definition and error.applied is Applied.NO:
        message = f"the service refuses the job's definition: {said}; correct spec.provider, target or parameters"
        return Trouble("Rejected", f"{message} in a new job", final=True)
    return Trouble(
        "WorkspaceNotReady",
        f"the service refuses ({said}); check spec.resourceId of QuantumWorkspace {workspace}, its role assignment "
        "(Quantum Workspace Data Contributor) and the storage roles of the workspace itself",
        unconfirmed=error.operation == _PUT and error.applied is Applied.UNKNOWN,
    )
