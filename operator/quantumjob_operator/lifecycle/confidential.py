"""What may be told of an error when the program stands in a Secret: its code and the place, never the service's words.

Whoever may read a QuantumJob need not be allowed to read its Secret, and compilers quote the line that they fail
at. Must not live here: which programs are confidential (`QuantumJob.confidential`).
"""

import re
from typing import Final

from quantumjob_operator.model.jobstatus import ErrorShown
from quantumjob_operator.model.redaction import clean_text

LEFT_OUT: Final = "the service's words are left out, because the program stands in a Secret"
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_MAX_CODE: Final = 128
# Words, or the way of compilers (`file:3:14: …`). Bare pairs of numbers may be a part of the program.
_PLACE: Final = re.compile(
    r"\blines?:?\s{0,3}(?P<line>\d{1,7})(?:\W{1,4}(?:col(?:umn)?|char(?:acter)?|pos(?:ition)?)\.?:?\s{0,3}(?P<column>\d{1,7}))?"
    r"|(?<=[\w>.]):(?P<row>\d{1,7}):(?P<place>\d{1,7}):",
    re.IGNORECASE,
)


def shown_error(code: str | None, message: str | None, *, confidential: bool) -> ErrorShown:
    """An error of the service as it may stand in a status.

    Args:
        code: The service's own code.
        message: The service's own words.
        confidential: Whether the program stands in a Secret.
    """
    if not confidential:
        return ErrorShown(clean_text(code, _MAX_CODE) if code else None, clean_text(message) if message else None)
    # Codes are single words; anything else may be a part of the program too.
    known = code if code and _CODE.fullmatch(code) else None
    return ErrorShown(known, f"{place_in(message)}{LEFT_OUT}" if message else None)


def place_in(message: str) -> str:
    """The place that a text names, as the beginning of a sentence; empty if it names none."""
    found = _PLACE.search(message)
    if found is None:
        return ""
    line, column = found["line"] or found["row"], found["column"] or found["place"]
    return f"line {line}, column {column}; " if column else f"line {line}; "
