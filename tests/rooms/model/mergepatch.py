"""A JSON merge patch applied as RFC 7386 section 2 prescribes: the judge of the patches that we write."""

from copy import deepcopy
from typing import Any


def merged(target: Any, patch: Any) -> Any:
    """The target after the patch; the target itself stays as it is."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    result = deepcopy(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
