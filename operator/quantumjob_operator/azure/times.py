"""Times as the service spells them; pure. Must not live here: which fields hold one (`wire`)."""

import re
from datetime import UTC, datetime
from typing import Final

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d*))?\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)
_MICROSECOND_DIGITS: Final = 6


class Unreadable(ValueError):  # noqa: N818 - reads as what it says about the answer
    """An answer of the service that does not have the shape of its contract."""


def parse_time(text: str) -> datetime:
    """Read an RFC 3339 time with any number of fraction digits; without a zone it is UTC.

    Raises:
        Unreadable: It is no time.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise Unreadable("not a time")
    day, clock, fraction, zone = match.groups()
    digits = (fraction or "")[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")
    offset = "+00:00" if zone is None or zone.upper() == "Z" else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{digits}{offset}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable("not a time") from error
