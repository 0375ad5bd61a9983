"""Whether a refusal speaks of a quota or of credit; pure.

No answer of that kind was ever recorded, and the service's description names no code for it: it is told by its words.
A refusal that is held although it was about the definition costs a look; one that ends a job although the quota is
raised the next day costs the job.
"""

import re
from typing import Final

import httpx

from quantumjob_operator.model.remotejob import RemoteError

_CODE: Final = re.compile(r"quota|credit|insufficient|paymentrequired", re.IGNORECASE)
_TEXT: Final = re.compile(r"\b(?:quotas?|credits?|insufficient (?:funds|balance|budget))\b", re.IGNORECASE)
_INSUFFICIENT: Final = re.compile(r"\binsufficient\b", re.IGNORECASE)
_OF_SOMETHING_ELSE: Final = re.compile(
    r"permission|privilege|access|role|scope|authori[sz]|qubit|resources?\b|memory", re.IGNORECASE
)
"""What else can be insufficient: rights of whoever asks, and the size of a target."""
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_REFUSALS: Final = frozenset({400, 402, 403, 405, 409, 412, 422, 429})


def speaks_of_quota(status: int, error: RemoteError | None) -> bool:
    """Whether an answer refuses for lack of a quota or of credit.

    Args:
        status: Of the answer.
        error: What it says in the service's own shape. What stands in quotation marks is the user's own.
    """
    if status == httpx.codes.PAYMENT_REQUIRED:
        return True
    if error is None or status not in _REFUSALS:
        return False
    code, text = error.code or "", _QUOTED.sub("", error.message or "")
    if _TEXT.search(text) or (_CODE.search(code) and not _OF_SOMETHING_ELSE.search(code)):
        return True
    return _INSUFFICIENT.search(text) is not None and not _OF_SOMETHING_ELSE.search(text)
