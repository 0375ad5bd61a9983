"""The values that go into and come out of running a program; no behaviour beyond keeping error texts presentable."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MAX_MESSAGE_BYTES: Final = 1024
QIR_RESULTS: Final = "microsoft.quantum-results.v2"
OLDER_QIR_RESULTS: Final = "microsoft.quantum-results.v1"
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# An absolute path of at least two parts: a simulator's text may name files of this machine.
_PATH: Final = re.compile(r"(?<![\w.:/])(?:/[\w.@+~-]+){2,}/?")


class ErrorCode(StrEnum):
    """Codes of `errorData` in a Failed job, as the service's own failed jobs show them."""

    INVALID_INPUT_DATA = "InvalidInputData"
    INSUFFICIENT_RESOURCES = "InsufficientResources"
    QIR_PREPROCESSING_FAILED = "QIRPreProcessingFailed"
    BITCODE_ERROR = "BitcodeError"
    RUNTIME_ERROR = "RuntimeError"
    PROVIDER_TIMEOUT = "ProviderTimeout"
    CANNOT_TRANSLATE_OUTPUT = "CannotTranslateOutputData"
    INTERNAL_ERROR = "InternalError"


@dataclass(frozen=True, slots=True)
class ProgramRequest:
    """One program to run.

    Attributes:
        input_format: Azure's name of the program's format, e.g. `ionq.circuit.v1`.
        output_format: Azure's name of the result's format, e.g. `ionq.quantum-results.v1`.
        program: The uploaded bytes, as they are.
        parameters: The job's `inputParams`.
        provider: Provider id, in any case.
        target: Target id, in any case.
        profile: QIR profile that the target offers; None forbids nothing.
        seed: Makes the run repeatable; None draws a new one.
    """

    input_format: str
    output_format: str
    program: bytes
    parameters: Mapping[str, Any]
    provider: str
    target: str
    profile: str | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class ProgramOutput:
    """The result in the provider's own format.

    Attributes:
        body: The bytes of the output blob.
        content_type: Its content type.
        blob_name: `rawOutputData` for formats that the service passes through, `outputData` for translated ones.
    """

    body: bytes
    content_type: str
    blob_name: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use; sizes in bytes, times in seconds.

    Attributes:
        program: Largest program.
        memory: Address space beyond which an allocation fails.
        cpu_seconds: CPU time of the process.
        wall_seconds: Time from the start of the process to its answer.
        output: Largest answer.
        qubits: Most qubits of a program.
        operations: Most gates, measurements and resets once gate definitions are expanded.
        shots: Most shots of a job.
    """

    program: int = 16 * 1024**2
    memory: int = 2 * 1024**3
    cpu_seconds: int = 60
    wall_seconds: float = 120.0
    output: int = 16 * 1024**2
    qubits: int = 20
    operations: int = 100_000
    shots: int = 10_000


DEFAULT_LIMITS: Final = Limits()


class ProgramError(Exception):
    """The program cannot be run, or failed while running: the job's `errorData`.

    Args:
        code: One of the service's codes.
        message: What is wrong and what to change; control characters and paths are removed, cut at 1 KiB.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        self.code = code
        self.message = presentable(message)
        super().__init__(f"{code}: {self.message}")


def presentable(text: str) -> str:
    """Return text that is safe in an error: one line, no absolute path, at most 1 KiB of UTF-8."""
    line = _PATH.sub("[path]", _UNPRINTABLE.sub(" ", text)).strip()
    return line.encode(errors="replace")[:MAX_MESSAGE_BYTES].decode(errors="ignore")
