"""What a user hands over: a file, text, bytes or a circuit; and which language it is in.

Must not live here: compiling it.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from quantumjobs import extras
from quantumjobs.errors import NotFoundError, ProgramError
from quantumjobs.programs.qir import BITCODE

SUFFIXES: Final = {
    ".qasm": "openqasm",
    ".qasm3": "openqasm",
    ".inc": "openqasm",
    ".qs": "qsharp",
    ".ll": "qir",
    ".bc": "qir",
    ".json": "json",
    ".quil": "quil",
    ".qpy": "qpy",
}
LANGUAGES: Final = ("openqasm", "qsharp", "qir", "ionq", "quil", "pulser", "qpy", "qiskit", "cirq")
_QPY: Final = b"QISKIT"
_ENVELOPE: Final = "sequence_builder"
_LONGEST_PATH: Final = 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A program as it was handed over.

    Attributes:
        language: One of `LANGUAGES`.
        content: Text, bytes, or a circuit.
        stem: What its jobs are named after.
    """

    language: str
    content: Any
    stem: str


def read(program: Any, language: str | None = None) -> Source:
    """Find out what was handed over.

    Args:
        program: A path, text, bytes, or a circuit of Qiskit, Cirq or Pulser.
        language: If it is known; found out otherwise.

    Raises:
        NotFoundError: There is no such file.
        ProgramError: It is no program.
    """
    if language is not None and language not in LANGUAGES:
        raise ProgramError(f"there is no language {language}: there are {', '.join(LANGUAGES)}")
    if isinstance(program, str | Path) and _is_path(program):
        return _from_file(Path(program), language)
    if isinstance(program, str | bytes):
        return _from_content(program, language, "job")
    library = type(program).__module__.partition(".")[0]
    if library in {"qiskit", "cirq"}:
        return Source(library, program, "cirq" if library == "cirq" else str(program.name))
    if library == "pulser":
        return Source("pulser", _enveloped(program.to_abstract_repr()), "pulser")
    raise ProgramError(f"a {type(program).__name__} is no program: give a file, source text, or a circuit")


def _is_path(program: str | Path) -> bool:
    if isinstance(program, Path):
        return True
    return (
        "\n" not in program and len(program) < _LONGEST_PATH and Path(program).suffix in SUFFIXES and "{" not in program
    )


def _from_file(path: Path, language: str | None) -> Source:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except OSError as error:
        raise ProgramError(f"{path} cannot be read: {error.strerror}") from error
    known = language or SUFFIXES.get(path.suffix)
    return _from_content(data, None if known == "json" else known, path.stem)


def _from_content(content: str | bytes, language: str | None, stem: str) -> Source:
    data = content.encode() if isinstance(content, str) else content
    if not data.strip():
        raise ProgramError("the program is empty")
    found = language or _language(data)
    if found in {"qpy", "qir"}:
        return Source(found, data, stem)
    try:
        text = data.decode()
        return Source(found, _enveloped(text) if found == "pulser" else text, stem)
    except UnicodeDecodeError as error:
        raise ProgramError("the program is neither text nor QIR bitcode") from error


def _enveloped(sequence: str) -> str:
    """Azure wants a sequence under `sequence_builder`; what Pulser writes has no such envelope."""
    read_ = _json(sequence)
    return sequence if _ENVELOPE in read_ else json.dumps({_ENVELOPE: read_})


def _language(data: bytes) -> str:
    if data.startswith(BITCODE):
        return "qir"
    if data.startswith(_QPY):
        return "qpy"
    text = data.decode(errors="replace")
    if text.lstrip().startswith("{"):
        return _kind_of_json(text)
    for language, words in (
        ("openqasm", ("OPENQASM", 'include "stdgates.inc"', 'include "qelib1.inc"')),
        ("qir", ("@__quantum__", "define ")),
        ("qsharp", ("operation ",)),
        ("quil", ("MEASURE ", "DECLARE ")),
    ):
        if any(word in text for word in words):
            return language
    raise ProgramError("this is no program that is known here: say its language, or give the file its usual suffix")


def _kind_of_json(text: str) -> str:
    read_ = _json(text)
    if "circuit" in read_:
        return "ionq"
    if _ENVELOPE in read_ or {"device", "operations"} <= read_.keys():
        return "pulser"
    raise ProgramError("this JSON is neither a circuit of IonQ (no `circuit`) nor a sequence of Pulser")


def _json(text: str) -> dict[str, Any]:
    try:
        read_: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise ProgramError(f"this is no JSON: {error}") from error
    return read_


def load_qpy(data: bytes) -> Any:
    """The circuit in a QPY file.

    Raises:
        ProgramError: It does not hold exactly one.
    """
    qpy = extras.load("qiskit.qpy", "qiskit")
    try:
        circuits = qpy.load(io.BytesIO(data))
    except Exception as error:
        raise ProgramError(f"this QPY file cannot be read: {error}") from error
    if len(circuits) != 1:
        raise ProgramError(f"the QPY file holds {len(circuits)} circuits: it needs exactly one")
    return circuits[0]
