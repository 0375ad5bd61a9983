"""Asking a workspace what it offers: its targets, and as far as it tells, quotas and what is used.

Only the targets decide whether a workspace is ready. Must not live here: what is shown (`workspace_status`).
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import accumulate
from typing import Final, TypeVar

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.offers import QuotaUsage, TargetStatus
from quantumjob_operator.controller.workspace_status import Offer
from quantumjob_operator.model.errors import CredentialsRefused, Refused, ServiceError
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace

T = TypeVar("T")

_SECOND_KIND: Final = "V2"
_MOST_PROVIDERS: Final = 32
"""Are asked what is used of their offers: one request for each."""
_MOST_USAGES: Final = 1000
"""Rows of all providers together, as many as the schema of a workspace's status takes."""
_MOST_TEXT: Final = 64 * 1024
"""Characters of all names in a list: some two thousand targets of the usual length."""
_log = logging.getLogger(__name__)


async def ask_offer(workspace: QuantumWorkspace, client: WorkspaceClient) -> Offer:
    """What the workspace offers now.

    Args:
        workspace: Which.
        client: Authenticates to it.

    Raises:
        ServiceError: The targets could not be had, or the credentials are refused.
    """
    targets = _within(await client.provider_status(), lambda one: (one.provider, one.target, one.availability))
    quotas = await _optional(workspace, client.quotas)
    if quotas is not None:
        quotas = _within(quotas, lambda one: (one.provider, one.dimension, one.scope, one.period))
    if workspace.spec.workspace_kind != _SECOND_KIND and quotas != []:
        return Offer(targets, quotas, None if quotas is None else ())
    return Offer(targets, quotas, await _usages(workspace, client, targets))


async def _usages(
    workspace: QuantumWorkspace, client: WorkspaceClient, targets: Sequence[TargetStatus]
) -> list[QuotaUsage] | None:
    """Of all providers; None if one of them gave no answer."""
    found: list[QuotaUsage] = []
    for provider in sorted({one.provider for one in targets})[:_MOST_PROVIDERS]:
        of_provider = await _optional(workspace, lambda name=provider: client.quota_usages(name))  # type: ignore[misc]
        if of_provider is None:
            return None
        found += of_provider[: _MOST_USAGES - len(found)]
    return _within(found, lambda one: (one.provider, one.scope, one.target, *one.usage))


async def _optional(workspace: QuantumWorkspace, ask: Callable[[], Awaitable[list[T]]]) -> list[T] | None:
    """A list that decides nothing: empty if it is refused, None without an answer."""
    try:
        return await ask()
    except CredentialsRefused:
        raise
    except ServiceError as error:
        refused = isinstance(error, Refused) and error.answered
        _log.info("workspace %s/%s does not tell all: %s", workspace.namespace, workspace.name, error)
        return [] if refused else None


def _within(rows: Sequence[T], texts: Callable[[T], Iterable[str]]) -> list[T]:
    """The first rows, as far as their texts fit into what is cleaned, kept in memory and written into status."""
    lengths = accumulate(sum(map(len, texts(row))) for row in rows)
    return [row for row, length in zip(rows, lengths, strict=True) if length <= _MOST_TEXT]
