"""The data of the output ConfigMap: its keys, what goes under them, and how much of it fits.

Lives here: names of keys, limits, what gives way to what. Must not live here: the shape of a provider's result, or the
ConfigMap's metadata.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from quantumjob_operator.results import registers
from quantumjob_operator.results.formats import MAX_READ_BYTES, read
from quantumjob_operator.results.histogram import MAX_SHOTS, CannotCount, Counts, Omitted, Probabilities, apportion

__all__ = ["MAX_READ_BYTES", "OutputData", "OutputFacts", "Part", "output_data"]

MAX_TOTAL_BYTES: Final = 1024 * 1024
"""What Kubernetes takes as values of one ConfigMap; keys are counted in as well, to be on the safe side."""
MAX_JSON_BYTES: Final = 256 * 1024
MAX_RESULT_BYTES: Final = 512 * 1024
MAX_FACT_BYTES: Final = 2 * 1024
MAX_REGISTERS_BYTES: Final = 16 * 1024

COUNTS: Final = "counts.json"
COUNTS_OMITTED: Final = "countsOmitted"
PROBABILITIES: Final = "probabilities.json"
PROBABILITIES_OMITTED: Final = "probabilitiesOmitted"
REGISTERS: Final = "registers"
RESULT: Final = "result"
RESULT_OMITTED: Final = "resultOmitted"

FACT_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {"uri": "outputUri", "jobId": "jobId", "state": "state", "provider": "provider", "target": "target"},
)
"""From the names in `spec.output.keys` to the keys that are used without it."""

_RESERVED: Final = frozenset(
    {COUNTS, COUNTS_OMITTED, PROBABILITIES, PROBABILITIES_OMITTED, REGISTERS, RESULT, RESULT_OMITTED},
)
_KEY: Final = re.compile(r"\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,251}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Part(StrEnum):
    """What of a result goes in, as `spec.output.include` names it."""

    COUNTS = "counts"
    PROBABILITIES = "probabilities"
    RESULT = "result"


_OMITTED_KEYS: Final[Mapping[Part, str]] = MappingProxyType(
    {Part.RESULT: RESULT_OMITTED, Part.COUNTS: COUNTS_OMITTED, Part.PROBABILITIES: PROBABILITIES_OMITTED},
)


_USUAL: Final = frozenset({Part.RESULT, Part.COUNTS})
"""What every result should have; without `spec.output.include`, probabilities go in where a format gives some."""


@dataclass(frozen=True, slots=True)
class OutputFacts:
    """What is known of a job without reading its result."""

    output_uri: str
    job_id: str
    state: str
    provider: str
    target: str


@dataclass(frozen=True, slots=True)
class OutputData:
    """A ConfigMap's `data`, and its `binaryData` (base64, as the API takes it)."""

    data: Mapping[str, str]
    binary_data: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something to put in if it fits; its part's `…Omitted` key says so if it does not."""

    part: Part
    key: str
    value: bytes
    limit: int


def output_data(
    facts: OutputFacts,
    *,
    result: bytes | None,
    omitted: Omitted | None,
    output_format: str,
    parameters: Mapping[str, Any] | None,
    program: bytes | None,
    keys: Mapping[str, str] | None,
    include: frozenset[Part] | None = None,
) -> OutputData:
    """Everything that goes into the output ConfigMap; at most 1 MiB, and never an exception for what a provider wrote.

    Reading 16 MiB takes seconds: call it from a thread where an event loop must go on.

    Args:
        facts: Go in in any case; a query is cut off the URI, so that no signature gets in.
        result: The blob as it was read; None if nothing of it is wanted, or if `omitted` says why there is none.
        omitted: TOO_LARGE, UNREADABLE or MISSING where the result was not read, else None.
        output_format: The job's, resolved.
        parameters: The job's; `shots` turns probabilities into counts.
        program: The job's; an IonQ circuit tells the number of qubits.
        keys: `spec.output.keys`.
        include: The parts that were asked for by name, each of which is there or says why it is not; None for all that
            the format has.
    """
    data = _named(facts, keys or {})
    wanted = _USUAL if include is None else include
    if result is None:
        return OutputData(data | ({_OMITTED_KEYS[part]: omitted.value for part in wanted} if omitted else {}), {})
    binary: dict[str, str] = {}
    for entry in _entries(result, output_format, _shots(parameters or {}), program):
        if entry.part in wanted or (include is None and entry.key == PROBABILITIES):
            _put(entry, data, binary)
    return OutputData(data, binary)


def _named(facts: OutputFacts, renamed: Mapping[str, str]) -> dict[str, str]:
    # An older CRD may have let clashing names through; then all names fall back, so that nothing gets lost.
    names = {field: renamed.get(field, key) for field, key in FACT_KEYS.items()}
    usable = all(_KEY.fullmatch(name) and name not in _RESERVED for name in names.values())
    if not usable or len(set(names.values())) < len(names):
        names = dict(FACT_KEYS)
    uri = facts.output_uri.partition("?")[0]
    values = (uri, facts.job_id, facts.state, facts.provider, facts.target)
    return {name: _clipped(value) for name, value in zip(names.values(), values, strict=True)}


def _clipped(value: str) -> str:
    return value.encode(errors="replace")[:MAX_FACT_BYTES].decode(errors="ignore")


def _shots(parameters: Mapping[str, Any]) -> int | None:
    shots = parameters.get("shots")
    if isinstance(shots, float) and shots.is_integer():
        shots = int(shots)
    if not isinstance(shots, int) or isinstance(shots, bool) or not 1 <= shots <= MAX_SHOTS:
        return None
    return shots


def _entries(result: bytes, output_format: str, shots: int | None, program: bytes | None) -> Iterator[_Entry]:
    """What there is to put in, the most useful first: the last gives way where the total is too large."""
    probabilities, why = None, Omitted.NOT_GIVEN
    try:
        found = read(result, output_format, program)
        if isinstance(found, Probabilities):
            probabilities = found
            found = _sampled(found, shots)
        yield from _counts(found)
    except CannotCount as error:
        why = error.reason
        yield _absent(Part.COUNTS, why)
    if output_format == registers.QUANTINUUM and registers.holds_credential(result):
        yield _absent(Part.RESULT, Omitted.HOLDS_CREDENTIAL)
    else:
        yield _Entry(Part.RESULT, RESULT, result, MAX_RESULT_BYTES)
    if probabilities is None:
        yield _absent(Part.PROBABILITIES, why)
    else:
        yield _Entry(Part.PROBABILITIES, PROBABILITIES, _json(probabilities.outcomes), MAX_JSON_BYTES)


def _sampled(probabilities: Probabilities, shots: int | None) -> Counts:
    if shots is None:
        raise CannotCount(Omitted.SHOTS_UNKNOWN, "probabilities become counts only with parameters.shots")
    return apportion(probabilities, shots)


def _counts(counts: Counts) -> Iterator[_Entry]:
    names = " ".join(counts.registers).encode()
    if len(names) > MAX_REGISTERS_BYTES:
        raise CannotCount(Omitted.TOO_LARGE, "the names of the registers")
    encoded = _json(counts.outcomes)
    yield _Entry(Part.COUNTS, COUNTS, encoded, MAX_JSON_BYTES)
    if names and len(encoded) <= MAX_JSON_BYTES:
        yield _Entry(Part.COUNTS, REGISTERS, names, MAX_REGISTERS_BYTES)


def _absent(part: Part, reason: Omitted) -> _Entry:
    return _Entry(part, _OMITTED_KEYS[part], reason.encode(), MAX_FACT_BYTES)


def _json(outcomes: Mapping[str, float]) -> bytes:
    return json.dumps(outcomes, sort_keys=True, allow_nan=False).encode()


def _put(entry: _Entry, data: dict[str, str], binary: dict[str, str]) -> None:
    used = sum(len(key) + len(value.encode()) for key, value in data.items())
    used += sum(len(key) + len(value) for key, value in binary.items())
    if len(entry.value) > entry.limit or used + len(entry.key) + len(entry.value) > MAX_TOTAL_BYTES:
        data[_OMITTED_KEYS[entry.part]] = Omitted.TOO_LARGE.value
        return
    readable = _readable(entry.value)
    if readable is None:
        binary[entry.key] = base64.b64encode(entry.value).decode()
    else:
        data[entry.key] = readable


def _readable(value: bytes) -> str | None:
    # Control characters grow sixfold in JSON, beyond what the API server takes as a request: they go as base64.
    try:
        decoded = value.decode()
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(decoded) else decoded
