"""Gates of OpenQASM 2.0: the built-in ones, those of the libraries, and those that a program defines.

In a library, `opaque` names a gate that the simulated machine performs by itself; `_PRIMITIVES` says how.
In a user's program an opaque gate has no meaning that could be simulated.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from workspace_emulator.programs.circuit import Condition, Operation
from workspace_emulator.programs.openqasm.expressions import Expression, evaluate, parse_expression
from workspace_emulator.programs.openqasm.tokens import Tokens, refusal

LIBRARIES: Final = ("qelib1.inc", "hqslib1.inc")
# Read here: once a program is looked at, no file can be opened.
_TEXTS: Final = {name: Path(__file__).with_name(name).read_text(encoding="utf-8") for name in LIBRARIES}

# The machine's name of each primitive, by how many of its first qubits are controls.
_MACHINE_NAMES: Final[tuple[dict[str, str], ...]] = (
    {name: name for name in ("x", "y", "z", "h", "s", "t", "rx", "ry", "rz", "p", "u", "swap")}
    | {"u3": "u", "u1": "p", "sdg": "si", "tdg": "ti", "sx": "v", "sxdg": "vi", "rxx": "xx", "rzz": "zz"},
    {"cx": "x", "cy": "y", "cz": "z", "ch": "h", "csx": "v", "cswap": "swap"}
    | {"crx": "rx", "cry": "ry", "crz": "rz", "cp": "p", "cu1": "p", "cu3": "u"},
    {"ccx": "x"},
    {"c3x": "x", "c3sqrtx": "v"},
    {"c4x": "x"},
)
_PRIMITIVES: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {name: (machine, controls) for controls, names in enumerate(_MACHINE_NAMES) for name, machine in names.items()}
)


@dataclass(frozen=True, slots=True)
class Call:
    """A gate applied inside a gate's body, to the body's formal qubits by position."""

    gate: "Gate"
    angles: tuple[Expression, ...]
    qubits: tuple[int, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate that has been declared.

    Attributes:
        name: As declared.
        parameters: Names of its angles.
        qubits: Names of its qubits.
        body: What it consists of; None for a primitive or opaque gate.
        primitive: The machine's name for it and its number of controls; None if the machine has none.
    """

    name: str
    parameters: tuple[str, ...]
    qubits: tuple[str, ...]
    body: tuple[Call, ...] | None = None
    primitive: tuple[str, int] | None = None


BUILT_IN: Final[Mapping[str, Gate]] = MappingProxyType(
    {
        "U": Gate("U", ("theta", "phi", "lambda"), ("q",), primitive=("u", 0)),
        "CX": Gate("CX", (), ("c", "t"), primitive=("x", 1)),
    }
)


def expand(
    gate: Gate, angles: tuple[float, ...], qubits: tuple[int, ...], condition: Condition | None, line: int
) -> Iterator[Operation]:
    """Yield the machine's operations that a gate consists of.

    Raises:
        ProgramError: It contains an opaque gate, or an angle that cannot be computed.
    """
    if gate.primitive:
        name, controls = gate.primitive
        yield Operation(name, qubits[controls:], qubits[:controls], angles, condition=condition)
        return
    if gate.body is None:
        raise refusal(line, f"gate '{gate.name}' is opaque: nothing says what it does, so it cannot be simulated")
    values = dict(zip(gate.parameters, angles, strict=True))
    for call in gate.body:
        inner = tuple(evaluate(angle, values, call.line) for angle in call.angles)
        yield from expand(call.gate, inner, tuple(qubits[position] for position in call.qubits), condition, line)


def load_library(name: str) -> dict[str, Gate]:
    """Return the gates of a library of ours; no other file is ever read."""
    tokens = Tokens(_TEXTS[name])
    gates = dict(BUILT_IN)
    while tokens.peek().kind != "end":
        parse_declaration(tokens, gates, _PRIMITIVES)
    return gates


def parse_declaration(
    tokens: Tokens, gates: MutableMapping[str, Gate], primitives: Mapping[str, tuple[str, int]] = MappingProxyType({})
) -> None:
    """Read one `gate` or `opaque` declaration and add it to the known gates.

    Raises:
        ProgramError: It is malformed, or the name is taken.
    """
    opaque = tokens.take().text == "opaque"
    line, name = tokens.line, tokens.take_kind("name")
    if name in gates:
        raise refusal(line, f"gate '{name}' is declared already")
    parameters = _names(tokens, ")") if tokens.accept("(") else ()
    qubits = _names(tokens, ";" if opaque else "{")
    if not qubits or len(set(qubits)) != len(qubits) or len(set(parameters)) != len(parameters):
        raise refusal(line, f"gate '{name}' needs qubits and parameters with different names")
    if opaque:
        gates[name] = Gate(name, parameters, qubits, primitive=primitives.get(name))
        return
    gates[name] = Gate(name, parameters, qubits, body=tuple(_body(tokens, gates, parameters, qubits)))


def parse_angles(tokens: Tokens, gate: Gate, parameters: frozenset[str] = frozenset()) -> tuple[Expression, ...]:
    """Read the angles of a gate's application: as many as it has.

    Raises:
        ProgramError: There are more or fewer.
    """
    line, angles = tokens.line, list[Expression]()
    if tokens.accept("("):
        while not tokens.accept(")"):
            angles.append(parse_expression(tokens, parameters))
            if tokens.peek().text != ")":
                tokens.expect(",")
    if len(angles) != len(gate.parameters):
        raise refusal(line, f"gate '{gate.name}' takes {len(gate.parameters)} angles, not {len(angles)}")
    return tuple(angles)


def known_gate(tokens: Tokens, gates: Mapping[str, Gate]) -> Gate:
    """Read a gate's name.

    Raises:
        ProgramError: No such gate is declared.
    """
    line, name = tokens.line, tokens.take_kind("name")
    if name not in gates:
        raise refusal(line, f"'{name}' is neither a declared gate nor a statement of OpenQASM 2.0")
    return gates[name]


def _names(tokens: Tokens, end: str) -> tuple[str, ...]:
    names: list[str] = []
    while not tokens.accept(end):
        names.append(tokens.take_kind("name"))
        if tokens.peek().text != end:
            tokens.expect(",")
    return tuple(names)


def _body(
    tokens: Tokens, gates: Mapping[str, Gate], parameters: tuple[str, ...], qubits: tuple[str, ...]
) -> Iterator[Call]:
    known = frozenset(parameters)
    while not tokens.accept("}"):
        if tokens.accept("barrier"):
            _names(tokens, ";")
            continue
        line, gate = tokens.line, known_gate(tokens, gates)
        angles = parse_angles(tokens, gate, known)
        names = _names(tokens, ";")
        if len(names) != len(gate.qubits) or len(set(names)) != len(names) or not set(names) <= set(qubits):
            raise refusal(line, f"gate '{gate.name}' needs {len(gate.qubits)} different qubits of the gate around it")
        yield Call(gate, angles, tuple(qubits.index(name) for name in names), line)
