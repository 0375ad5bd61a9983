"""Names, labels and annotations that an output ConfigMap must not have, because other controllers act on them.

Whoever may create QuantumJobs has the operator write a ConfigMap. A name that others distribute certificates under, a
label by which others take it for their configuration, or an annotation by which they copy it to other namespaces, would
give that user a right that nobody granted. Must not live here: which names and keys those are (`settings`).
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from quantumjob_operator.lifecycle.observation import Observation, Trouble

RESERVED: Final = "OutputReserved"


def reserved(seen: Observation) -> Trouble | None:
    """What keeps the output from being written as the job asks; `spec.output` may still be changed."""
    job, limits = seen.job, seen.limits
    if pattern := _match(job.output_name, limits.reserved_output_names):
        chosen = job.spec.output is not None and job.spec.output.config_map_name is not None
        leads = "spec.output.configMapName" if chosen else "spec.output.configMapName is absent, which means"
        message = (
            f"{leads} {job.output_name}: names like {pattern} are reserved for other controllers "
            "(the operator's setting reserved_output_names); choose another name"
        )
        return Trouble(RESERVED, message)
    output = job.spec.output
    for field, entries in (("labels", output and output.labels), ("annotations", output and output.annotations)):
        for key, value in (entries or {}).items():
            if pattern := _match_entry(key, value, limits.reserved_output_labels):
                message = (
                    f"spec.output.{field}: other controllers act on {field} like {pattern} (the operator's setting "
                    f"reserved_output_labels); remove {key}"
                )
                return Trouble(RESERVED, message)
    return None


def _match_entry(key: str, value: str, patterns: Iterable[str]) -> str | None:
    patterns = tuple(patterns)
    return _match(key, patterns) or _match(f"{key}={value}", (one for one in patterns if "=" in one))


def _match(text: str, patterns: Iterable[str]) -> str | None:
    return next((pattern for pattern in patterns if fnmatchcase(text, pattern)), None)
