"""Periods of the calendar, in UTC.

Must not live here: what belongs to a period.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

_MONTHS: Final = {"Month": 1, "Quarter": 3, "Year": 12}


class Period(NamedTuple):
    """From its first moment to the first one after it; without an end it never ends."""

    start: datetime
    end: datetime | None


def period_of(kind: str, moment: datetime, created: datetime) -> Period:
    """The period of a moment.

    Args:
        kind: Day, Month, Quarter, Year or Lifetime, as in `spec.period`.
        moment: Any time.
        created: When the budget was made, where a lifetime begins.
    """
    moment = moment.astimezone(UTC)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "Day":
        return Period(midnight, midnight + timedelta(days=1))
    months = _MONTHS.get(kind)
    if months is None:
        return Period(created.astimezone(UTC), None)
    first = (moment.month - 1) // months * months + 1
    year, month = divmod(first - 1 + months, 12)
    end = midnight.replace(year=moment.year + year, month=month + 1, day=1)
    return Period(midnight.replace(month=first, day=1), end)


def within(kind: str, period: Period) -> str:
    """The period for people, as the end of a sentence."""
    start = period.start.astimezone(UTC)
    match kind:
        case "Day":
            return f" on {start:%Y-%m-%d}"
        case "Month":
            return f" in {start:%B}"
        case "Quarter":
            return f" in quarter {(start.month - 1) // 3 + 1} of {start.year}"
        case "Year":
            return f" in {start.year}"
        case _:
            return " in all"
