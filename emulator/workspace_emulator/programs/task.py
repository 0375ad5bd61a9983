"""What the parent hands to the process of a job, and the answer it takes back: both are JSON on a pipe."""

import base64
import json
from dataclasses import asdict, dataclass
from typing import Self

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


def success(result: str) -> bytes:
    """Write the answer that holds a result."""
    return json.dumps({"result": result}).encode()


def failure(error: ProgramError) -> bytes:
    """Write the answer that holds an error."""
    return json.dumps({"code": error.code, "message": error.message}).encode()


def read_answer(text: bytes) -> str:
    """Return the result that an answer holds.

    Raises:
        ProgramError: The one that the answer holds.
        ValueError: It is no answer.
    """
    match json.loads(text):
        case {"result": str(result)}:
            return result
        case {"code": str(code), "message": str(message)}:
            raise ProgramError(ErrorCode(code), message)
    raise ValueError("not an answer of a worker")
