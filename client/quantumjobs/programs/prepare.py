"""The choice: which way a program takes to a target, and the checks before it may be sent.

Must not live here: the ways themselves.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Final

from quantumjobs import extras
from quantumjobs.counts import Header
from quantumjobs.errors import ProgramError
from quantumjobs.programs import circuits, openqasm, qir, qsharp, sources
from quantumjobs.programs.prepared import IONQ, OPENQASM_2, PULSER, QIR, QUIL, Prepared, Target, notes_for_azure
from quantumjobs.programs.sources import Source

_TAKEN_AS_THEY_ARE: Final = {"ionq": ("ionq", IONQ), "quil": ("rigetti", QUIL), "pulser": ("pasqal", PULSER)}
_CIRCUITS: Final = frozenset({"openqasm", "qiskit", "cirq", "qpy"})
_INLINE: Final = 65536


def prepare(
    program: Any,
    target: Target,
    *,
    parameters: Mapping[str, Any],
    language: str | None = None,
    format: str | None = None,  # noqa: A002 - the field's name in a QuantumJob
    profile: str | None = None,
    entry: str | None = None,
) -> Prepared:
    """Turn a program into what a target takes.

    Args:
        program: A path, text, bytes, a circuit of Qiskit or Cirq, or one that is ready.
        target: Where it will run.
        parameters: Values of the program's own parameters.
        language: If it cannot be seen from the file.
        format: `qir.v1` unless the language has a format of its own; `honeywell.openqasm.v1` sends OpenQASM 2.
        profile: Of the QIR, instead of the target's.
        entry: For Q#: the operation, or a whole call.

    Raises:
        ProgramError: The target cannot run it, or it is no program.
    """
    if isinstance(program, Prepared):
        return program
    source = sources.read(program, language)
    if source.language in _TAKEN_AS_THEY_ARE:
        return _as_it_is(source, target, parameters)
    wanted = format or QIR
    if wanted not in {QIR, OPENQASM_2}:
        raise ProgramError(f"{source.language} cannot be turned into {wanted}: there is {QIR} and {OPENQASM_2}")
    compiled_for = "Base" if wanted == OPENQASM_2 else _profile(target, profile)
    if wanted == OPENQASM_2 and (target.provider != "quantinuum" or source.language not in _CIRCUITS):
        raise ProgramError(f"{OPENQASM_2} is for circuits on targets of quantinuum")
    made = _compiled(source, wanted, compiled_for, parameters, entry)
    return _sized(_checked(made, target))


def _compiled(source: Source, format_: str, profile: str, parameters: Mapping[str, Any], entry: str | None) -> Prepared:
    if source.language in _CIRCUITS:
        return _from_circuit(source, format_, profile, parameters)
    if source.language == "qsharp":
        text = qsharp.to_qir(source.content, profile, entry=entry, parameters=parameters)
        return Prepared(QIR, text.encode(), header=Header(language="qsharp"), stem=source.stem)
    _no_parameters(source, parameters)
    needs = qir.inspect(source.content)
    if needs.adaptive and profile == "Base":
        raise ProgramError("this QIR needs an Adaptive profile, and the target runs Base: compile it for Base")
    readable = not source.content.startswith(qir.BITCODE)
    return Prepared(QIR, source.content, text=readable, header=Header(language="qir"), stem=source.stem)


def _from_circuit(source: Source, format_: str, profile: str, parameters: Mapping[str, Any]) -> Prepared:
    try:
        circuit = _circuit(source)
    except ProgramError as error:
        direct = _directly(source, format_, profile, parameters)
        if direct is None:
            raise
        try:
            text = openqasm.to_qir(direct, profile)
        except ProgramError as other:
            raise ProgramError(f"{error}; and compiled without Qiskit: {other}") from other
        return Prepared(QIR, text.encode(), header=Header(language="openqasm"), stem=source.stem)
    bound = circuits.bind(circuit, parameters) if parameters else circuit
    made = circuits.to_program(bound, format_=format_, profile=profile, language=source.language)
    return made if source.language == "qiskit" else dataclasses.replace(made, stem=source.stem)


def _directly(source: Source, format_: str, profile: str, parameters: Mapping[str, Any]) -> str | None:
    """OpenQASM 3 that Qiskit cannot read, if it may go to the compiler as it stands."""
    if source.language != "openqasm" or openqasm.version(source.content) == 2 or format_ != QIR or parameters:  # noqa: PLR2004
        return None
    return str(source.content) if profile in openqasm.PROFILES else None


def _circuit(source: Source) -> Any:
    match source.language:
        case "qiskit":
            return source.content
        case "qpy":
            return sources.load_qpy(source.content)
        case "cirq":
            return _from_cirq(source.content)
    return openqasm.read(source.content)


def _from_cirq(circuit: Any) -> Any:
    """A Cirq circuit, by way of OpenQASM 2: one register for each key of a measurement."""
    extras.load("cirq", "cirq")
    try:
        text = circuit.to_qasm(version="2.0")
    except Exception as error:
        raise ProgramError(f"Cirq cannot write this circuit as OpenQASM: {error}") from error
    return openqasm.read(str(text))


def _as_it_is(source: Source, target: Target, parameters: Mapping[str, Any]) -> Prepared:
    provider, format_ = _TAKEN_AS_THEY_ARE[source.language]
    _no_parameters(source, parameters)
    if target.provider != provider:
        raise ProgramError(f"{source.language} programs run on targets of {provider}, not on {target.name}")
    qubits = _ionq_qubits(source.content) if format_ == IONQ else None
    header, notes = Header(language=source.language), {}
    if qubits:
        # Bit i of IonQ's answer is qubit i.
        notes = notes_for_azure(source.stem, qubits, None) | {"meas_map": json.dumps(list(range(qubits)))}
    data = source.content.encode()
    return _fits(Prepared(format_, data, header=header, qubits=qubits, stem=source.stem, notes=notes), target)


def _ionq_qubits(text: str) -> int:
    qubits = json.loads(text).get("qubits")
    if not isinstance(qubits, int) or isinstance(qubits, bool) or qubits < 1:
        raise ProgramError("the IonQ program must say how many `qubits` it has, or there will be no counts")
    return qubits


def _no_parameters(source: Source, parameters: Mapping[str, Any]) -> None:
    if parameters:
        raise ProgramError(f"a program in {source.language} has no parameters: {', '.join(parameters)}")


def _profile(target: Target, asked: str | None) -> str:
    profile = asked or target.profile
    if profile is None:
        raise ProgramError(f"it is not known which QIR profile {target.name} runs: say it, one of {_listed()}")
    if not profile:
        raise ProgramError(f"{target.name} takes no QIR: give a program in the provider's own format")
    if profile not in openqasm.PROFILES:
        raise ProgramError(f"there is no profile {profile}: there are {_listed()}")
    return profile


def _listed() -> str:
    return ", ".join(openqasm.PROFILES)


def _checked(made: Prepared, target: Target) -> Prepared:
    """What the compiler made says itself how many qubits it needs."""
    if made.format == QIR:
        made = dataclasses.replace(made, qubits=qir.inspect(made.data).qubits or made.qubits)
    return _fits(made, target)


def _fits(made: Prepared, target: Target) -> Prepared:
    if target.qubits is not None and made.qubits is not None and made.qubits > target.qubits:
        raise ProgramError(f"the program needs {made.qubits} qubits, and {target.name} has {target.qubits}")
    return made


def _sized(made: Prepared) -> Prepared:
    """QIR that is too long as text goes as bitcode."""
    if made.format == QIR and made.text and len(made.data) > _INLINE:
        return dataclasses.replace(made, data=qir.to_bitcode(made.data), text=False)
    return made
