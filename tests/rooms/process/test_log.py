"""The form of the operator's log."""

import json
import logging
import time

import pytest

from quantumjob_operator.__main__ import log_formatter

_RECORD = logging.makeLogRecord(
    {"name": "there", "levelname": "INFO", "msg": "%d jobs", "args": (3,), "created": 1.0625}
)
_RECORD.msecs = 62.5


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("form", ["json", "text"])
def test_times_say_their_zone(monkeypatch: pytest.MonkeyPatch, form: str, zone: str) -> None:
    """RFC 3339 in UTC: logs of several nodes lie beside each other, and beside the times of status."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        line = log_formatter(form).format(_RECORD)
    finally:
        monkeypatch.undo()
        time.tzset()
    said = json.loads(line) if form == "json" else dict(zip(("time", "level"), line.split(), strict=False))
    assert (said["time"], said["level"]) == ("1970-01-01T00:00:01.062Z", "INFO")
    assert "3 jobs" in line
