"""What /healthz may tell to whoever reaches the port, and what only the log does."""

import logging

import pytest

from quantumjob_operator.probes import Standstill, unnamed

_AGES = {"watch": 1.26, "leadership": 0.5, "poller merger/default": 3.0, "poller research/default": 90.0}


def test_answer_names_no_workspace() -> None:
    """Of all pollers it has the slowest one's age."""
    assert unnamed(_AGES) == {"watch": 1.3, "leadership": 0.5, "slowestPoller": 90.0}


def test_answer_without_a_workspace_has_no_poller() -> None:
    """Nothing is polled before the first job was accepted."""
    assert unnamed({"watch": 1.0}) == {"watch": 1.0}


def test_log_names_the_loop_that_stands_still_once(caplog: pytest.LogCaptureFixture) -> None:
    """The kubelet asks every few seconds; it is named again after it turned in between."""
    standstill = Standstill(60)
    moving = _AGES | {"poller research/default": 2.0}
    with caplog.at_level(logging.ERROR):
        assert [standstill.observe(ages) for ages in (_AGES, _AGES, moving, _AGES)] == [False, False, True, False]
    assert [record.getMessage() for record in caplog.records] == [
        "not turned for more than 60 seconds: poller research/default"
    ] * 2
