"""Whose a sample of the profile is."""

import pytest

from benchmarks.burst import part_of

ONCE = "run (quantumjob_operator/__main__.py:59);_run_once (asyncio/base_events.py:1922)"
LOOP = f"{ONCE};_run (asyncio/events.py:80)"
RECONCILED = f"{LOOP};work (quantumjob_operator/scheduling/work_queue.py:105)"


@pytest.mark.parametrize(
    ("stack", "part"),
    [
        pytest.param(f"thread (0x7F): watch;{LOOP};worker (kopf/_core/reactor/queueing.py:310)", "kopf's watch"),
        pytest.param(f"thread (0x7F): MainThread;{RECONCILED}", "the rest of a reconciliation"),
        pytest.param(
            f"thread (0x7F): MainThread;{RECONCILED};request (quantumjob_operator/cluster/api.py:1);x (json/a.py:2)",
            "requests to the API server",
        ),
        pytest.param(
            f"thread (0x7F): MainThread;{RECONCILED};put (quantumjob_operator/azure/blobs.py:90);info (logging/a.py:3)",
            "logging",
        ),
        pytest.param(f"thread (0x7F): MainThread;{LOOP};data_received (asyncio/sslproto.py:5)", "bytes of connections"),
        pytest.param(f"thread (0x7F): MainThread;{ONCE}", "the event loop"),
        pytest.param("thread (0x7F): parsing_0;run (threading.py:1)", "all others"),
    ],
)
def test_whose_a_sample_is(stack: str, part: str) -> None:
    """The first part of which any frame is; whatever the watch's thread does is the watch's."""
    assert part_of(stack) == part
