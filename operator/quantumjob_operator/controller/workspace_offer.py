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
from quantumjob_operator.model.quotas import Quota

T = TypeVar("T")

_SECOND_KIND: Final = "V2"
_MOST_PROVIDERS: Final = 32
"""Are asked what is used of their offers: one request for each."""
_MOST_USAGES: Final = 1000
"""Rows of all providers together, as many as the schema of a workspace's status takes."""
_ROW: Final = 64
"""Characters that a row, and an amount in it, counts for beside its texts: numbers and keys take memory, too."""
_OF_NAMESPACE: Final = 1024 * 1024
_MOST_ROOM: Final = 64 * 1024
_log = logging.getLogger(__name__)


def room_of(workspace: QuantumWorkspace, others: Iterable[QuantumWorkspace]) -> int:
    """How many characters of a list a workspace may show beside all others of its namespace (`room_for`)."""
    return room_for(sum(one.namespace == workspace.namespace for one in others))


def room_for(workspaces: int) -> int:
    """The same, where a namespace has so many of them.

    What an endpoint lists is copied into status, and from there into every memory that holds the object: a namespace
    with very many workspaces would make much of little. Some six hundred targets of the usual length, or forty where
    there are hundreds of workspaces; where there are tens of thousands, none.
    """
    return min(_MOST_ROOM, _OF_NAMESPACE // max(1, workspaces))


async def ask_offer(workspace: QuantumWorkspace, client: WorkspaceClient, room: int) -> Offer:
    """What the workspace offers now.

    Args:
        workspace: Which.
        client: Authenticates to it.
        room: How many characters of each list are kept (`room_of`); the rows after these are left out.

    Raises:
        ServiceError: The targets could not be had, or the credentials are refused.
    """
    targets = _within(await client.provider_status(), _target_texts, room)
    quotas = await _optional(workspace, client.quotas)
    if quotas is not None:
        quotas = quotas_within(quotas, room)
    if workspace.spec.workspace_kind != _SECOND_KIND and quotas != []:
        return Offer(targets, quotas, None if quotas is None else ())
    return Offer(targets, quotas, await _usages(workspace, client, targets, room))


def quotas_within(quotas: Sequence[Quota], room: int) -> list[Quota]:
    """The first quotas, as far as so many characters hold them."""
    return _within(quotas, lambda one: (one.provider, one.dimension, one.scope, one.period), room)


async def _usages(
    workspace: QuantumWorkspace, client: WorkspaceClient, targets: Sequence[TargetStatus], room: int
) -> list[QuotaUsage] | None:
    """Of all providers, as far as the room goes; None if one of them gave no answer."""
    found: list[QuotaUsage] = []
    for provider in sorted({one.provider for one in targets})[:_MOST_PROVIDERS]:
        of_provider = await _optional(workspace, lambda name=provider: client.quota_usages(name))  # type: ignore[misc]
        if of_provider is None:
            return None
        asked = len(found) + len(of_provider)
        found = _within([*found, *of_provider], _usage_texts, room)[:_MOST_USAGES]
        del of_provider  # what is left out is not kept while the next provider is asked, which may take long
        if len(found) < asked:
            break
    return found


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


def _target_texts(one: TargetStatus) -> Iterable[str]:
    return one.provider, one.target, one.availability, one.target_profile or ""


def _usage_texts(one: QuotaUsage) -> Iterable[str]:
    amounts = (name + value + " " * _ROW for name, value in one.usage.items())
    return one.provider, one.scope, one.target, *amounts


def _within(rows: Sequence[T], texts: Callable[[T], Iterable[str]], room: int) -> list[T]:
    """The first rows, as far as they fit into what is cleaned, kept in memory and written into status."""
    lengths = accumulate(_ROW + sum(map(len, texts(row))) for row in rows)
    return [row for row, length in zip(rows, lengths, strict=True) if length <= room]
