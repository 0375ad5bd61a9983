"""Long objects: one is read at a time, and what is too much of it is not handed on."""

import gc
import json
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any, Final

import pytest
from kopf._cogs.clients import api

from quantumjob_operator.cluster import handlers, long_objects
from quantumjob_operator.model.quantumjob import MAX_PARAMETER_VALUES, parse_job
from rooms.model.bodies import job_body

MANY: Final = {"a": [[]] * (MAX_PARAMETER_VALUES + 1), "shots": 100}
"""More than a job may have."""
FEW: Final = {"text": "x" * 100_000}
"""Long, and not many."""


@pytest.mark.parametrize(
    ("parameters", "many"), [pytest.param(MANY, True, id="too many"), pytest.param(FEW, False, id="long ones")]
)
@pytest.mark.parametrize("wrapped", [pytest.param(True, id="an event"), pytest.param(False, id="an object")])
def test_parameters_that_are_too_many_are_not_handed_on(
    parameters: dict[str, Any], *, many: bool, wrapped: bool
) -> None:
    """And the job is refused as if they were there."""
    body = job_body({"parameters": parameters})
    padded = body | {"padding": "x" * 100_000}
    read = long_objects.loads(json.dumps({"type": "ADDED", "object": padded} if wrapped else padded))
    found = read["object"] if wrapped else read
    assert (found["spec"]["parameters"] != parameters) == many
    assert parse_job(found).parameters_too_many == many
    assert parse_job(found).spec == parse_job(body).spec


def test_the_watch_reads_so() -> None:
    """Kopf reads each line of a watch by a module that it calls `json`."""
    handlers.watching(lambda *_: None)
    assert api.json is long_objects  # type: ignore[attr-defined]


def test_one_long_text_is_read_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of two threads would have one in memory; short ones wait for nobody."""
    at_work, most = [0], [0]

    def loads(text: str) -> Any:
        at_work[0] += 1
        most[0] = max(most[0], at_work[0])
        time.sleep(0.05)
        at_work[0] -= 1
        return json.loads(text)

    monkeypatch.setattr(long_objects, "json", SimpleNamespace(loads=loads))
    threads = [threading.Thread(target=long_objects.loads, args=(json.dumps(FEW),)) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == [1]


_READ: Final = """
import gc, json, sys, time
from quantumjob_operator import __main__
if sys.argv[1] == "as the operator":
    __main__.leave_code_alone()
else:
    gc.disable()
text = "[" + ",".join(["[" * 50 + "]" * 50] * 14_000) + "]"
times = []
for _ in range(5):
    began = time.thread_time()
    json.loads(text)
    times.append(time.thread_time() - began)
print(min(times))
"""


def test_what_is_being_read_is_not_looked_through_again_and_again() -> None:
    """By default Python's garbage collector takes three times as long at it as the reading itself."""
    assert gc.isenabled()
    collected, not_collected = (
        float(subprocess.run([sys.executable, "-c", _READ, how], check=True, capture_output=True, text=True).stdout)
        for how in ("as the operator", "without collector")
    )
    assert collected < 2.5 * not_collected
