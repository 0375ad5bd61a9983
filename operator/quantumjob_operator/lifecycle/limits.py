"""What of a spec can never be sent, because it is too much or holds nulls.

Must not live here: what the limits are (`model.quantumjob`), what becomes of such a job (`submission`).
"""

from collections.abc import Mapping
from typing import Any

from quantumjob_operator.model.measures import NESTED
from quantumjob_operator.model.packed import Packed
from quantumjob_operator.model.quantumjob import (
    MAX_OBJECT_BYTES,
    MAX_PARAMETER_DEPTH,
    MAX_PARAMETER_VALUES,
    QuantumJob,
)


def beyond_limits(job: QuantumJob) -> str | None:
    """Which limit a spec exceeds: all that counts here is fixed when the job is created."""
    if job.spec_too_large:
        return (
            f"the spec has more than {MAX_OBJECT_BYTES // 1024} KiB of JSON; in a new job move the program to a "
            "ConfigMap (spec.program.configMapKeyRef), or shorten spec.parameters"
        )
    if job.parameters_too_many:
        return (
            f"spec.parameters holds more than {MAX_PARAMETER_VALUES:,} values; "
            "shorten it in a new job, or move what is long into the program"
        )
    if job.parameters_too_deep:
        return f"spec.parameters is nested more than {MAX_PARAMETER_DEPTH} levels deep; flatten it in a new job"
    return None


def null_in(value: Any, path: str) -> str | None:
    """The path of a null in a JSON value, or None; without recursion, since its depth is the user's choice.

    Each value knows only the last step to it and its parent: texts for all of them would be as long as they are deep.
    """
    if value is None or (isinstance(value, Packed) and b"null" not in value.text):
        return None  # each look at a job begins here, and a user has ten thousand values
    left: list[tuple[Any, Any]] = [(value, (path, None))]
    while left:
        current, way = left.pop()
        if current is None:
            return _spelt(way)
        steps = current.items() if isinstance(current, Mapping) else enumerate(current)
        left.extend((inner, (key, way)) for key, inner in steps if inner is None or (inner and type(inner) in NESTED))
    return None


def _spelt(way: Any) -> str:
    """A path from its last step to its first, as text."""
    steps: list[str] = []
    while way is not None:
        step, way = way
        steps.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return "".join(reversed(steps))[1:]
