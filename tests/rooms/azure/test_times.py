"""Times in every form that the service is known to send."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.azure.times import Unreadable, parse_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-11-22T12:00:00Z", datetime(2026, 11, 22, 12, tzinfo=UTC), id="no fraction"),
        pytest.param("2026-11-22T12:00:00.5Z", datetime(2026, 11, 22, 12, 0, 0, 500000, UTC), id="one digit"),
        pytest.param("2026-11-22T12:00:00.1234567Z", datetime(2026, 11, 22, 12, 0, 0, 123456, UTC), id="seven digits"),
        pytest.param("2026-11-22T12:00:00.123456789Z", datetime(2026, 11, 22, 12, 0, 0, 123456, UTC), id="nine digits"),
        pytest.param("2026-11-22T12:00:00.12+00:00", datetime(2026, 11, 22, 12, 0, 0, 120000, UTC), id="zero offset"),
        pytest.param("2026-11-22T14:00:00+02:00", datetime(2026, 11, 22, 12, tzinfo=UTC), id="another offset"),
        pytest.param("2026-11-22T12:00:00", datetime(2026, 11, 22, 12, tzinfo=UTC), id="no zone means UTC"),
        pytest.param("0001-01-01T00:00:00", datetime(1, 1, 1, tzinfo=UTC), id="the zero time of .NET"),
    ],
)
def test_times(text: str, expected: datetime) -> None:
    """Every form of time that the service is known to send is read."""
    assert parse_time(text) == expected


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.integers(min_value=0, max_value=7),
    st.integers(min_value=-720, max_value=720),
)
def test_any_number_of_digits_gives_the_time_cut_to_them(when: datetime, digits: int, offset: int) -> None:
    """A time written with n digits in any zone is read as that instant."""
    if not datetime(2, 1, 1, tzinfo=UTC) < when < datetime(9998, 1, 1, tzinfo=UTC):
        when = datetime(2026, 1, 1, tzinfo=UTC)
    local = when.astimezone(timezone(timedelta(minutes=offset)))
    fraction = f"{local.microsecond:06d}0"[:digits]
    text = f"{local:%Y-%m-%dT%H:%M:%S}".zfill(19) + (f".{fraction}" if digits else "") + f"{local:%z}"
    kept = int(fraction[:6].ljust(6, "0"))
    assert parse_time(text) == when.replace(microsecond=kept)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00:00Z", "2026-11-22", "0001-01-01T00:00:00+10:00"])
def test_what_is_no_time(text: str) -> None:
    """Text that is no time is an error, not a guess."""
    with pytest.raises(Unreadable):
        parse_time(text)
