"""What a workspace offers instead of a provider or target that it does not.

Must not live here: whether the service takes a job; only its answer to the PUT says that.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from quantumjob_operator.model.redaction import clean_text

_MOST: Final = 5
_MAX_TEXT: Final = 400
_MOST_NAMES: Final = 100
_LONGEST_NAME: Final = 64
"""Names are compared letter by letter with each other: more or longer ones, which nobody has, would take seconds."""


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
    near = _nearest(target, providers, provider) or [
        name for name, owner in sorted(providers.items()) if owner.lower() == provider.lower()
    ]
    if near:
        told = ", ".join(f"{name} of {providers[name]}" for name in near[:_MOST])
    else:
        known = sorted(set(providers.values()))
        told = "the providers " + ", ".join((_nearest(provider, dict.fromkeys(known, "")) or known)[:_MOST])
    return "; " + clean_text(f"the workspace offers no {target} of {provider}, but {told}", _MAX_TEXT)


def _nearest(name: str, known: Mapping[str, str], provider: str = "") -> list[str]:
    """The names like this one, of the providers' targets; those of the provider that is meant are looked at first."""
    short = [one for one in known if len(one) <= _LONGEST_NAME]
    short.sort(key=lambda one: known[one].lower() != provider.lower())
    return get_close_matches(name[:_LONGEST_NAME], short[:_MOST_NAMES], _MOST)
