"""What an output ConfigMap holds, as counts in Qiskit's order of bits and registers. Pure.

Must not live here: reading ConfigMaps, or tables.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from quantumjobs.errors import NoCountsError

Resource = dict[str, Any]
_WHY: Final = {
    "TooLarge": "they are larger than a ConfigMap may be: read the result from `outputUri`",
    "UnknownFormat": "no counts are known for its output format: use `result_bytes()`",
    "Malformed": "the result is not what its format promises: look at `result_bytes()`",
    "NotBits": "the program measured more than bits: use `result_bytes()`",
    "SeveralResults": "it is a batch: use `result_bytes()`",
    "ShotsUnknown": "the target gave probabilities and the job has no shots: submit it with shots",
    "QubitsUnknown": "the IonQ program does not say how many `qubits` it has",
    "Missing": "the job succeeded, but its result was not in the storage account",
}
_NOT_ASKED: Final = "spec.output of the job leaves it out"
_LONGEST: Final = 2**23
"""Bits of all outcomes of a job, with those that were never measured: an annotation says how many these are."""
_MOST: Final = 2**63
"""The operator writes no more; and of a number with thousands of digits Python makes no text."""


class Counts(dict[str, int]):
    """How often each outcome was measured: a dict that notebooks show as bars."""

    def _repr_html_(self) -> str:
        """For notebooks."""
        from quantumjobs.display import counts_html  # noqa: PLC0415 - for notebooks alone

        return counts_html(self)


@dataclass(frozen=True, slots=True)
class Header:
    """What the client knew of a program when it sent it.

    Attributes:
        registers: Name and size of each classical register, in the order of declaration; empty if unknown.
        measured: For each register the bits that the program measures, where it doesn't measure all; the others were
            left out of the program and read 0.
        reverse_words: Whether the provider's answer has the first register first, and Qiskit's order is the other one.
        name: Of the circuit.
        language: What the program was written in.
    """

    registers: tuple[tuple[str, int], ...] = ()
    measured: tuple[tuple[int, ...], ...] = ()
    reverse_words: bool = False
    name: str = ""
    language: str = ""

    def to_json(self) -> str:
        """As it stands in an annotation."""
        fields = {"registers": self.registers, "measured": self.measured, "reverseWords": self.reverse_words}
        return json.dumps({**fields, "name": self.name, "language": self.language}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Header":
        """Read an annotation; an empty or foreign one says nothing."""
        try:
            read = json.loads(text)
            registers = tuple((str(name), int(size)) for name, size in read.get("registers", ()))
            measured = tuple(tuple(int(bit) for bit in bits) for bits in read.get("measured", ()))
            reverse = bool(read.get("reverseWords"))
            header = cls(registers, measured, reverse, str(read.get("name", "")), str(read.get("language", "")))
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls()
        return header if header._is_sound() else cls()

    def _is_sound(self) -> bool:
        sizes = [size for _, size in self.registers]
        if any(size < 0 for size in sizes) or sum(sizes) > _LONGEST:
            return False
        return not self.measured or (
            len(sizes) == len(self.measured)
            and all(0 <= bit < size for size, bits in zip(sizes, self.measured, strict=True) for bit in bits)
        )


def read_counts(config_map: Resource, header: Header) -> Counts:
    """The counts of an output ConfigMap.

    Raises:
        NoCountsError: It has none; the text says why.
    """
    data: Mapping[str, str] = config_map.get("data") or {}
    if "counts.json" not in data:
        omitted = data.get("countsOmitted", "")
        because = _WHY.get(omitted, f"the operator left them out ({omitted})" if omitted else _NOT_ASKED)
        raise NoCountsError(f"{config_map['metadata']['name']} has no counts: {because}")
    counts = _stored(config_map, "counts.json", int)
    if header.measured and sum(size + 1 for _, size in header.registers) * len(counts) > _LONGEST:
        raise NoCountsError(
            f"{config_map['metadata']['name']}: the job's annotation says of registers too large to show"
        )
    try:
        return summed((_in_qiskits_order(outcome, header), count) for outcome, count in counts.items())
    except ValueError:
        raise NoCountsError(
            f"{config_map['metadata']['name']} has other registers than the job's annotation says"
        ) from None


def _stored(config_map: Resource, key: str, kind: type[int] | type[float]) -> dict[str, Any]:
    """Numbers by outcome, as the operator wrote them, or whoever else may write ConfigMaps.

    Raises:
        NoCountsError: They are none.
    """
    try:
        read = json.loads(config_map["data"][key])
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict) or not all(
        isinstance(one, (int, kind)) and not isinstance(one, bool) and 0 <= one < _MOST for one in read.values()
    ):
        raise NoCountsError(f"{config_map['metadata']['name']} has a {key} that the operator did not write")
    return read


def _in_qiskits_order(outcome: str, header: Header) -> str:
    """An outcome with the last register first, and a 0 for each bit that was never measured."""
    if not set(outcome) <= {"0", "1", " "}:
        return outcome  # numbers and errors are text, not registers
    words = outcome.split(" ")
    if header.reverse_words:
        words.reverse()
    if not header.measured:
        return " ".join(words)
    left = iter(words)
    whole = [
        _widened(next(left, "") if bits else "", size, bits)
        for (_, size), bits in reversed(list(zip(header.registers, header.measured, strict=True)))
    ]
    return " ".join(whole)


def _widened(word: str, size: int, measured: tuple[int, ...]) -> str:
    bits = ["0"] * size
    for bit, character in zip(measured, reversed(word), strict=True):
        bits[size - 1 - bit] = character
    return "".join(bits)


def summed(pairs: Iterable[tuple[str, int]]) -> Counts:
    """Outcomes that occur twice, added up; sorted."""
    total: dict[str, int] = {}
    for outcome, count in pairs:
        total[outcome] = total.get(outcome, 0) + count
    return Counts(sorted(total.items()))


def of_register(counts: Mapping[str, int], header: Header, register: str) -> Counts:
    """The counts of one register alone.

    Raises:
        NoCountsError: The program has no such register, or nothing is known of its registers.
    """
    names = [name for name, _ in header.registers]
    if register not in names:
        known = f"it has {', '.join(names)}" if names else "its registers are not known"
        raise NoCountsError(f"there is no register {register}: {known}")
    place = len(names) - 1 - names.index(register)
    try:
        return summed((outcome.split(" ")[place], count) for outcome, count in counts.items())
    except IndexError:
        raise NoCountsError(f"there is no register {register} in what was measured") from None


def read_probabilities(config_map: Resource) -> dict[str, float] | None:
    """The probabilities that a provider gave instead of samples; None if it sampled."""
    stored = "probabilities.json" in (config_map.get("data") or {})
    return _stored(config_map, "probabilities.json", float) if stored else None


def read_result(config_map: Resource) -> bytes:
    """What the provider wrote, byte for byte.

    Raises:
        NoCountsError: It is not in the ConfigMap; the text says why and where it is.
    """
    data, binary = config_map.get("data") or {}, config_map.get("binaryData") or {}
    if "result" in binary:
        return base64.b64decode(binary["result"])
    if "result" in data:
        return str(data["result"]).encode()
    because = data.get("resultOmitted", _NOT_ASKED)
    raise NoCountsError(f"the result is not in the cluster ({because}): it lies at {data.get('outputUri', '?')}")
