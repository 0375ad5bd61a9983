"""Qiskit circuits, to QIR or OpenQASM 2.

Everything that can be read as a circuit comes through here: it is brought into a basis without controlled rotations,
its layout and the names of its registers are dropped, and bits that it never measures are left out and remembered.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from quantumjobs import extras
from quantumjobs.counts import Header
from quantumjobs.errors import ProgramError
from quantumjobs.programs.openqasm import BASIS, to_qir
from quantumjobs.programs.prepared import OPENQASM_2, QIR, Prepared, notes_for_azure

_CONTROL_FLOW: Final = ("if_else", "for_loop", "while_loop", "switch_case", "break_loop", "continue_loop")
_NOT_IN_QELIB: Final = frozenset({"ryy"})
# The exporter takes these as given; stdgates.inc has the others.
_OPAQUE: Final = ("rxx", "ryy", "rzz")
_LEVEL: Final = 1
_ENTRY_POINT: Final = "ENTRYPOINT__main"
"""As the compiler calls it."""


def to_program(circuit: Any, *, format_: str, profile: str, language: str) -> Prepared:
    """Compile a circuit.

    Args:
        circuit: A `qiskit.QuantumCircuit`, with all parameters bound.
        format_: `qir.v1` or `honeywell.openqasm.v1`.
        profile: Of the QIR.
        language: What the user wrote it in.

    Raises:
        ProgramError: It cannot run there.
    """
    _check(circuit)
    measured = _measured(circuit)
    header = Header(
        registers=tuple((register.name, len(register)) for register in _registers(circuit)),
        measured=measured if any(len(m) < len(r) for m, r in zip(measured, _registers(circuit), strict=True)) else (),
        reverse_words=format_ == OPENQASM_2,
        name=circuit.name,
        language=language,
    )
    plain = _plain(circuit, measured, dynamic=profile != "Base" and format_ == QIR)
    if format_ == OPENQASM_2:
        text = extras.load("qiskit.qasm2", "qiskit").dumps(plain)
    else:
        exporter = extras.load("qiskit.qasm3", "qiskit").Exporter(includes=("stdgates.inc",), basis_gates=_OPAQUE)
        text = to_qir(exporter.dumps(plain), profile)
    inputs = {"items": [{"entryPoint": _ENTRY_POINT, "arguments": []}]} if format_ == QIR else {}
    notes = notes_for_azure(circuit.name, circuit.num_qubits, circuit.metadata)
    qubits, stem = _used(plain), _stem(circuit.name)
    return Prepared(format_, text.encode(), header=header, qubits=qubits, stem=stem, notes=notes, inputs=inputs)


def bind(circuit: Any, parameters: Mapping[str, Any]) -> Any:
    """Give a circuit's parameters values.

    Raises:
        ProgramError: There is no such parameter, or a value is no number.
    """
    known = {parameter.name: parameter for parameter in circuit.parameters}
    unknown = sorted(parameters.keys() - known.keys())
    if unknown:
        there = f"it has {', '.join(known)}" if known else "it has none"
        raise ProgramError(f"the program has no parameter {', '.join(unknown)}: {there}")
    wrong = [
        name for name, value in parameters.items() if isinstance(value, bool) or not isinstance(value, int | float)
    ]
    if wrong:
        raise ProgramError(f"the value of {', '.join(wrong)} is no number")
    return circuit.assign_parameters({known[name]: value for name, value in parameters.items()})


def _check(circuit: Any) -> None:
    unbound = ", ".join(parameter.name for parameter in circuit.parameters)
    if unbound:
        raise ProgramError(
            f"the program's parameters have no value: {unbound} (give them, for example -p {unbound.split(',')[0]}=0.5)"
        )
    if not any(_measured(circuit)):
        raise ProgramError("the program measures nothing, so it would be paid for no result: add measurements")


def _registers(circuit: Any) -> list[Any]:
    """Its classical registers; one of all its bits if they overlap or some bit is in none."""
    inside = [bit for register in circuit.cregs for bit in register]
    if len(inside) == len(set(inside)) == len(circuit.clbits):
        return list(circuit.cregs)
    return [extras.load("qiskit", "qiskit").ClassicalRegister(bits=circuit.clbits, name="c")]


def _measured(circuit: Any) -> tuple[tuple[int, ...], ...]:
    """For each register the bits that are measured anywhere."""
    bits = set(_measured_bits(circuit, {bit: bit for bit in circuit.clbits}))
    return tuple(tuple(i for i, bit in enumerate(register) if bit in bits) for register in _registers(circuit))


def _measured_bits(circuit: Any, outer: Mapping[Any, Any]) -> Iterable[Any]:
    for instruction in circuit.data:
        if instruction.operation.name == "measure":
            yield from (outer[bit] for bit in instruction.clbits)
        for block in getattr(instruction.operation, "blocks", ()):
            yield from _measured_bits(block, dict(zip(block.clbits, map(outer.get, instruction.clbits), strict=True)))
        definition = instruction.clbits and instruction.operation.name != "measure" and instruction.operation.definition
        if definition:
            inner = dict(zip(definition.clbits, map(outer.get, instruction.clbits), strict=True))
            yield from _measured_bits(definition, inner)


def _plain(circuit: Any, measured: tuple[tuple[int, ...], ...], *, dynamic: bool) -> Any:
    """The circuit in our basis, with registers of our names and only the bits that are measured."""
    qiskit = extras.load("qiskit", "qiskit")
    steering = [name for name in _names(circuit) if name in _CONTROL_FLOW]
    if steering and not dynamic:
        raise ProgramError(
            f"the program is steered by results of measurements ({steering[0]}), which the target's profile cannot do: "
            "choose a target with an Adaptive profile"
        )
    try:
        compiled = qiskit.transpile(circuit, basis_gates=list(BASIS), optimization_level=_LEVEL, seed_transpiler=1)
    except qiskit.QiskitError as error:
        raise ProgramError(
            f"Qiskit cannot compile the program: {' '.join(str(error.message).split())[:300]}"
        ) from error
    unmeasured = sum(len(register) for register in _registers(circuit)) - sum(map(len, measured))
    if unmeasured and steering:
        raise ProgramError("the program has bits that are never measured: measure them, or use a smaller register")
    return _renamed(qiskit, compiled, _registers(circuit), measured)


def _renamed(qiskit: Any, compiled: Any, registers: list[Any], measured: tuple[tuple[int, ...], ...]) -> Any:
    steered = any(name in _CONTROL_FLOW for name in _names(compiled))
    # Transpilers widen a circuit to the whole machine: what nothing is done to is left out.
    busy = {
        bit for instruction in compiled.data for bit in instruction.qubits if instruction.operation.name != "barrier"
    }
    used = [bit for bit in compiled.qubits if steered or bit in busy]
    quantum = qiskit.QuantumRegister(len(used), "q")
    kept = [qiskit.ClassicalRegister(len(bits), f"c{i}") for i, bits in enumerate(measured) if bits]
    old = [registers[i][bit] for i, bits in enumerate(measured) for bit in bits]
    new = dict(zip(old, (bit for register in kept for bit in register), strict=True))
    plain = qiskit.QuantumCircuit(quantum, *kept, name="program")
    if steered:
        # Every bit is kept here, so that conditions on whole registers find theirs.
        return plain.compose(compiled, quantum, [new[bit] for bit in compiled.clbits])
    places = dict(zip(used, quantum, strict=True))
    for instruction in compiled.data:
        if instruction.operation.name != "barrier":
            qubits = [places[bit] for bit in instruction.qubits]
            plain.append(instruction.operation, qubits, [new[bit] for bit in instruction.clbits])
    return plain


def _names(circuit: Any) -> list[str]:
    return [instruction.operation.name for instruction in circuit.data]


def _used(circuit: Any) -> int:
    """Qubits that something is done to."""
    return len({bit for instruction in circuit.data for bit in instruction.qubits})


def _stem(name: str) -> str:
    # Qiskit numbers circuits that have no name of their own.
    return "circuit" if name.startswith("circuit-") else name
