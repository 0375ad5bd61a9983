"""What a workspace offers, and what is known of a target by its name. Pure; must not live here: asking for it."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from quantumjobs.errors import NotFoundError, UsageError
from quantumjobs.programs.prepared import IONQ, OPENQASM_2, PULSER, QIR, QUIL, Target

Resource = dict[str, Any]
# Where the workspace does not say: what the providers' targets run today.
_PROFILES: Final[Mapping[str, str]] = {
    "ionq": "Base",
    "rigetti": "Base",
    "quantinuum": "Adaptive_RIF",
    "qci": "Adaptive_RI",
    "pasqal": "",
}
_OWN_FORMATS: Final[Mapping[str, str]] = {
    "ionq": IONQ,
    "quantinuum": OPENQASM_2,
    "rigetti": QUIL,
    "pasqal": PULSER,
}


def offered(workspace: Resource) -> list[Target]:
    """The targets in a QuantumWorkspace's status."""
    return [_target(one) for one in (workspace.get("status") or {}).get("targets") or []]


def choose(name: str, known: Sequence[Target]) -> Target:
    """The target of a name.

    Args:
        name: As a user gives it.
        known: What the workspace offers; empty if it cannot be read, and then the name is taken as it is.

    Raises:
        NotFoundError: The workspace does not offer it; the text has the nearest names.
        UsageError: The name says no provider.
    """
    for target in known:
        if target.name.lower() == name.lower():
            return target
    if known:
        names = [target.name for target in known]
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else "`kubectl quantum targets` lists what there is"
        raise NotFoundError(f"the workspace offers no target {name}: {hint}")
    provider, dot, _ = name.partition(".")
    if not dot:
        raise UsageError(f"{name!r} is no target: say it as Azure Quantum does, for example ionq.simulator")
    return Target(provider, name, profile=_PROFILES.get(provider))


def formats(target: Target) -> list[str]:
    """The formats of programs that a target takes, as far as that is known."""
    own = _OWN_FORMATS.get(target.provider)
    return ([QIR] if target.profile or target.profile is None else []) + ([own] if own else [])


def _target(one: Resource) -> Target:
    provider = str(one["provider"])
    return Target(
        provider=provider,
        name=str(one["target"]),
        qubits=one.get("numQubits") or None,
        profile=one.get("targetProfile", _PROFILES.get(provider)),
        availability=str(one.get("availability") or ""),
        queue_seconds=one.get("averageQueueTimeSeconds"),
    )
