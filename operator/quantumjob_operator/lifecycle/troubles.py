"""How an error of the service reads for the user: the one translation of `ServiceError` to `Trouble`.

Lives here: reasons, remedies, and which refusals are final. Must not live here: back-off (`schedule`).
"""

from typing import Final

from quantumjob_operator.errors import (
    Applied,
    CredentialsRefused,
    EndpointNotAllowed,
    Refused,
    ServiceError,
    TargetUnavailable,
    Throttled,
)
from quantumjob_operator.lifecycle.facts import Trouble

TARGET_DOWN_SECONDS: Final = 60.0
_BAD_REQUEST: Final = 400
_PUT: Final = "put_job"


def trouble_of(error: ServiceError, workspace: str) -> Trouble:
    """What keeps the job from its next step.

    Args:
        error: What the service or the way to it answered.
        workspace: `namespace/name` of the QuantumWorkspace, for the remedy.
    """
    if isinstance(error, CredentialsRefused) and error.status is None:
        # Whoever gives the tokens refused, and said why to the workspace's owner, who may be somebody else.
        said = f" ({error.code})" if error.code else ""
        remedy = f"QuantumWorkspace {workspace} cannot sign in{said}; its condition Ready says what to do"
        return Trouble("WorkspaceNotReady", remedy)
    if isinstance(error, CredentialsRefused):
        remedy = f"the service refuses the credentials of QuantumWorkspace {workspace}; renew the Secret they stand in"
        return Trouble("WorkspaceNotReady", f"{remedy} ({error})")
    if isinstance(error, EndpointNotAllowed):
        remedy = f"QuantumWorkspace {workspace}: {error.detail}; correct spec.endpoint or ask for it to be allowed"
        return Trouble("WorkspaceNotReady", remedy)
    if isinstance(error, TargetUnavailable):
        after = max(error.retry_after or 0.0, TARGET_DOWN_SECONDS)
        return Trouble("TargetUnavailable", f"the target takes no jobs now; tried again ({error})", after)
    if isinstance(error, Throttled):
        return Trouble("Throttled", f"the service asks for fewer requests; tried again ({error})", error.retry_after)
    if isinstance(error, Refused):
        return _refused(error, workspace)
    return Trouble(
        "ServiceUnavailable",
        f"the service of QuantumWorkspace {workspace} can't be reached or gives no usable answer ({error})",
        error.retry_after,
        unconfirmed=error.operation == _PUT and error.applied is Applied.UNKNOWN,
    )


def _refused(error: Refused, workspace: str) -> Trouble:
    """Only a refused definition is final; permissions, storage roles and a missing workspace can be mended."""
    definition = error.code == "InvalidJobDefinition" or error.status == _BAD_REQUEST
    if error.operation == _PUT and definition and error.applied is Applied.NO:
        message = f"the service refuses the job's definition: {error}; correct spec.provider, target or parameters"
        return Trouble("Rejected", f"{message} in a new job", final=True)
    return Trouble(
        "WorkspaceNotReady",
        f"the service refuses ({error}); check spec.resourceId of QuantumWorkspace {workspace}, its role assignment "
        "(Quantum Workspace Data Contributor) and the storage roles of the workspace itself",
        unconfirmed=error.operation == _PUT and error.applied is Applied.UNKNOWN,
    )
