"""JSON of the API server, of which one long text at a time is read in this process.

An object of 1.4 MB may be 57 MB in memory, and each thread that reads one has it at once. Must not live here: where a
text comes from (`api`, `handlers`), or what an object means (`model`).
"""

import json
import threading
from typing import Any, Final

from quantumjob_operator.model.measures import exceeds
from quantumjob_operator.model.quantumjob import MAX_PARAMETER_DEPTH, MAX_PARAMETER_VALUES

_LONG_BYTES: Final = 64 * 1024
_TOO_MANY: Final = {"": [None] * (MAX_PARAMETER_VALUES + 1)}
_one_at_a_time: Final = threading.Lock()


def loads(text: str | bytes) -> Any:
    """As `json.loads`; of a QuantumJob, or of a watch's event of one, without parameters that are too many to be used.

    Raises:
        ValueError: It is no JSON.
    """
    if len(text) <= _LONG_BYTES:
        return json.loads(text)
    with _one_at_a_time:
        read = json.loads(text)
        if isinstance(read, dict):
            # What is dropped is freed before the next text is read, and never handed on from thread to thread.
            of_event = read.get("object")
            _drop_many_parameters(of_event if isinstance(of_event, dict) else read)
        return read


def _drop_many_parameters(body: dict[str, Any]) -> None:
    """A job with too many is refused, for whichever."""
    spec = body.get("spec")
    if isinstance(spec, dict) and exceeds(MAX_PARAMETER_VALUES, MAX_PARAMETER_DEPTH, spec.get("parameters"))[0]:
        spec["parameters"] = _TOO_MANY
