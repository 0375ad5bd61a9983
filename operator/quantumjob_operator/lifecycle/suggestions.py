"""What a workspace offers instead of a provider or target that it does not.

Must not live here: whether the service takes a job; only its answer to the PUT says that.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from quantumjob_operator.model.redaction import clean_text

_MOST: Final = 5
_MAX_TEXT: Final = 400


def instead_of(provider: str, target: str, offers: Sequence[Mapping[str, Any]]) -> str:
    """The end of a sentence about a refused job: the nearest targets; empty if the workspace offers this one.

    Args:
        provider: As the job names it; case makes no difference.
        target: As the job names it.
        offers: `status.targets` of the QuantumWorkspace; empty if nobody knows.
    """
    providers = {str(one.get("target", "")): str(one.get("provider", "")) for one in offers}
    if not providers or providers.get(target, "").lower() == provider.lower():
        return ""
    near = get_close_matches(target, providers, _MOST) or [
        name for name, owner in sorted(providers.items()) if owner.lower() == provider.lower()
    ]
    if near:
        told = ", ".join(f"{name} of {providers[name]}" for name in near[:_MOST])
    else:
        known = sorted(set(providers.values()))
        told = "the providers " + ", ".join((get_close_matches(provider, known) or known)[:_MOST])
    return "; " + clean_text(f"the workspace offers no {target} of {provider}, but {told}", _MAX_TEXT)
