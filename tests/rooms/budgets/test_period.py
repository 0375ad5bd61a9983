"""Which period a moment belongs to."""

from datetime import UTC, datetime

import pytest

from quantumjob_operator.budgets.period import period_of

CREATED = datetime(2026, 1, 15, 10, tzinfo=UTC)


def at(text: str) -> datetime:
    """A time."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("kind", "moment", "start", "end"),
    [
        pytest.param("Day", "2026-12-31T23:59:59Z", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z", id="a day"),
        pytest.param("Month", "2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", id="a month"),
        pytest.param("Month", "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", id="december"),
        pytest.param("Month", "2026-12-01T00:30:00+01:00", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", id="in UTC"),
        pytest.param("Quarter", "2026-05-31T12:00:00Z", "2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z", id="a quarter"),
        pytest.param("Quarter", "2026-12-01T00:00:00Z", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z", id="the last"),
        pytest.param("Year", "2028-02-29T12:00:00Z", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z", id="a year"),
        pytest.param("Lifetime", "2030-01-01T00:00:00Z", "2026-01-15T10:00:00Z", None, id="a lifetime, from creation"),
    ],
)
def test_the_period_of_a_moment(kind: str, moment: str, start: str, end: str | None) -> None:
    """By the calendar, in UTC."""
    assert period_of(kind, at(moment), CREATED) == (at(start), at(end) if end else None)
