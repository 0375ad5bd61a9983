"""Who is measured on a cluster: the operator, and the peer with a timer for each object in its place.

Both run as the same ServiceAccount. Must not live here: what is measured.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localstack import manifests
from localstack.operated import Operator
from localstack.service import Service
from localstack.stack import Stack

_NEVER: Final = 86_400
_PEER: Final = Path(__file__).with_name("kopf_timer.py")


@dataclass(frozen=True, slots=True)
class Subject:
    """One of them.

    Attributes:
        name: Its key in the figures.
        make: Makes its process, which isn't started yet, from a system and the seconds between two reconciliations at
            each job (None: its usual ones).
    """

    name: str
    make: Callable[[Stack, float | None], Service]


def _ours(stack: Stack, freshness: float | None) -> Service:
    arguments = [] if freshness is None else [f"--poll-min-seconds={freshness}", f"--poll-max-seconds={freshness}"]
    # The peers show no places in queues, so none are asked for: they are forty more requests a minute at most.
    arguments += [] if freshness is None else [f"--queue-position-seconds={_NEVER}"]
    return Operator(
        _folder(stack, "ours"),
        kubeconfig=_kubeconfig(stack),
        allowed_endpoints=[stack.endpoint, stack.emulator.storage_origin],
        arguments=arguments,
    )


def _kopf_timer(stack: Stack, freshness: float | None) -> Service:
    arguments = [] if freshness is None else [f"--interval-seconds={freshness}"]
    where = f"--workspace-url={stack.emulator.url}{stack.emulator.resource_id}"
    return Service(
        "kopf-timer",
        [sys.executable, _PEER, where, *arguments],
        folder=_folder(stack, "kopf-timer"),
        env={"KUBECONFIG": str(_kubeconfig(stack)), "QUANTUM_API_KEY": stack.emulator.api_key},
    )


OURS: Final = Subject("ours", _ours)
KOPF_TIMER: Final = Subject("kopf_timer", _kopf_timer)


def _kubeconfig(stack: Stack) -> Path:
    return stack.cluster.service_account_kubeconfig(manifests.SYSTEM_NAMESPACE, manifests.SERVICE_ACCOUNT)


def _folder(stack: Stack, name: str) -> Path:
    folder = stack.cluster.folder / f"bench-{name}"
    folder.mkdir(exist_ok=True)
    return folder
