"""From the records that a QIR program leaves to `microsoft.quantum-results.v2`, or to the older `v1`.

Records: QIR's output schema, one line each: `START`, `OUTPUT <type> <value> [label]`, …, `END <code>` for each shot.
Result shape: tuples are objects with `Item1`, `Item2`, … (that is how the official SDK reads them back); the order of
everything is that of the records, never reversed.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from workspace_emulator.programs.request import QIR_RESULTS, ErrorCode, ProgramError

_CONTAINERS: Final = frozenset({"ARRAY", "TUPLE"})


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ProgramError(ErrorCode.CANNOT_TRANSLATE_OUTPUT, f"the program records {text}, which is no number in JSON")
    return number


_VALUES: Final[Mapping[str, Callable[[str], Any]]] = {
    "RESULT": int,
    "INT": int,
    "DOUBLE": _finite,
    "BOOL": lambda text: text == "true",
}


def read_shots(text: str) -> list[Any]:
    """Return the outcome of each shot as plain lists, tuples and scalars.

    Raises:
        ProgramError: A shot failed, recorded nothing, or its records do not fit together.
    """
    shots: list[Any] = []
    records: list[tuple[str, str]] = []
    for fields in (line.split("\t") for line in text.splitlines()):
        match fields:
            case ["START"]:
                records = []
            case ["OUTPUT", kind, value, *_]:
                records.append((kind, value))
            case ["END", "0"]:
                shots.append(_outcome(records))
            case ["END", code, *_]:
                raise ProgramError(ErrorCode.RUNTIME_ERROR, f"the program ended with exit code {code}")
    return shots


def write_results(items: list[list[Any]], output_format: str) -> str:
    """Return the body of the result blob: for each item of the batch a histogram, then each shot.

    Args:
        items: The shots of each item.
        output_format: The newer or the older one.

    Raises:
        ProgramError: The older format has room for a single item only.
    """
    if output_format == QIR_RESULTS:
        return json.dumps({"DataFormat": QIR_RESULTS, "Results": list(map(_result, items))}, allow_nan=False)
    if len(items) > 1:
        raise ProgramError(ErrorCode.CANNOT_TRANSLATE_OUTPUT, f"{output_format} has no place for several items")
    (shots,) = items
    counts = sorted(Counter(map(_display, shots)).items())
    return json.dumps({"Histogram": [part for display, count in counts for part in (display, count / len(shots))]})


def _result(shots: list[Any]) -> dict[str, Any]:
    counts = Counter(_display(shot) for shot in shots)
    outcomes = {_display(shot): shot for shot in shots}
    histogram = [
        {"Outcome": _as_json(outcomes[display]), "Display": display, "Count": counts[display]}
        for display in sorted(counts)
    ]
    return {"Histogram": histogram, "Shots": [_as_json(shot) for shot in shots]}


def _outcome(records: list[tuple[str, str]]) -> Any:
    remaining = iter(records)
    values = list(_values(remaining))
    if not values:
        raise ProgramError(ErrorCode.CANNOT_TRANSLATE_OUTPUT, "the program records no output")
    return values[0] if len(values) == 1 else values


def _values(records: Iterator[tuple[str, str]]) -> Iterator[Any]:
    for kind, value in records:
        yield _value(kind, value, records)


def _value(kind: str, value: str, records: Iterator[tuple[str, str]]) -> Any:
    if kind in _CONTAINERS:
        items = [_value(*_next_record(records), records) for _ in range(int(value))]
        return tuple(items) if kind == "TUPLE" else items
    if kind not in _VALUES:
        raise ProgramError(ErrorCode.CANNOT_TRANSLATE_OUTPUT, f"output of type {kind} cannot be translated")
    return _VALUES[kind](value)


def _next_record(records: Iterator[tuple[str, str]]) -> tuple[str, str]:
    record = next(records, None)
    if record is None:
        raise ProgramError(
            ErrorCode.CANNOT_TRANSLATE_OUTPUT, "an array or tuple announces more than the program records"
        )
    return record


def _as_json(outcome: Any) -> Any:
    match outcome:
        case tuple():
            return {f"Item{number}": _as_json(item) for number, item in enumerate(outcome, start=1)}
        case list():
            return [_as_json(item) for item in outcome]
    return outcome


def _display(outcome: Any) -> str:
    match outcome:
        case tuple():
            return f"({', '.join(map(_display, outcome))})"
        case list():
            return f"[{', '.join(map(_display, outcome))}]"
        case bool():
            return str(outcome).lower()
    return str(outcome)
