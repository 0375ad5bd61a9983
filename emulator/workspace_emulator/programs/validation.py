"""Turns pydantic's findings about a program or its parameters into one ProgramError; no models here."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from workspace_emulator.programs.request import ErrorCode, ProgramError

_SHOWN = 3


def refusal(error: ValidationError, root: str = "") -> ProgramError:
    """Return the error that names the first few wrong fields.

    Args:
        error: What pydantic found.
        root: What stands before each field's name, e.g. `inputParams`.
    """
    findings = [
        f"{_field(root, finding['loc'])}: {_complaint(finding)}"
        for finding in error.errors(include_url=False, include_context=False, include_input=False)[:_SHOWN]
    ]
    return ProgramError(ErrorCode.INVALID_INPUT_DATA, "; ".join(findings))


def _complaint(finding: ErrorDetails) -> str:
    if finding["type"] == "extra_forbidden":
        return "is not honoured here; leave it out"
    return finding["msg"].removeprefix("Value error, ")


def _field(root: str, location: tuple[int | str, ...]) -> str:
    path = root
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".") or "program"
