"""What the parent hands to the process of a job, as JSON on a pipe, and the answer it takes back.

An answer is no JSON: code that breaks a simulator writes it, and what small brackets become takes a hundred times their
memory. It is one word, a line break, and text to the end, which is passed on as it is.
"""

import base64
import json
from dataclasses import asdict, dataclass
from typing import Final, Self

from workspace_emulator.programs.request import ErrorCode, Limits, ProgramError


@dataclass(frozen=True, slots=True)
class Task:
    """One program with its parameters resolved.

    Attributes:
        input_format: Says which simulator to load.
        program: The uploaded bytes.
        target: Target id in lower case.
        shots: How often to run.
        seed: Of the random numbers.
        limits: What the process may use.
        output_format: Of the result, where a program format has several.
        entry_points: QIR only: the functions to run, in order; the only one, if absent.
        profiles: QIR only: what the program may use, by the job and by its target; one that is absent forbids nothing.
        substitutions: Quil only: values that memory has at the start, a list of sets for each region.
        parent: Process id of the parent; the process ends with it.
    """

    input_format: str
    program: bytes
    target: str
    shots: int
    seed: int
    limits: Limits
    output_format: str
    entry_points: list[str] | None
    profiles: list[str | None]
    substitutions: dict[str, list[list[float]]] | None
    parent: int

    def to_json(self) -> bytes:
        """Write it for the process."""
        return json.dumps({**asdict(self), "program": base64.b64encode(self.program).decode()}).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read it in the process."""
        fields = json.loads(text)
        program = base64.b64decode(fields.pop("program"))
        return cls(**{**fields, "program": program, "limits": Limits(**fields["limits"])})


_RESULT: Final = b"result\n"
_MESSAGE: Final = 4096
"""Characters of an error's message."""


def success(result: str) -> bytes:
    """Write the answer that holds a result."""
    return _RESULT + result.encode()


def failure(error: ProgramError) -> bytes:
    """Write the answer that holds an error."""
    return f"{error.code}\n{error.message}".encode(errors="backslashreplace")


def read_answer(text: bytes) -> str:
    """Return the result that an answer holds; what it takes grows with its length and nothing else.

    Raises:
        ProgramError: The one that the answer holds.
        ValueError: It is no answer.
    """
    if text.startswith(_RESULT):
        return text.removeprefix(_RESULT).decode()
    code, separator, message = text[: len(max(ErrorCode, key=len)) + 1 + 4 * _MESSAGE].partition(b"\n")
    if not separator:
        raise ValueError("not an answer of a worker")
    raise ProgramError(ErrorCode(code.decode()), message.decode(errors="replace")[:_MESSAGE])
