"""A workspace that takes one job, in the model world: its slots are counted as in the operator.

Must not live here: who holds a slot when (the tests).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from explore import parts, wiring
from explore.process import forget
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace


@contextmanager
def counted_slots(monkeypatch: pytest.MonkeyPatch, workspace: QuantumWorkspace) -> Iterator[InflightLimiter]:
    """The slots of this workspace, which serves every job."""
    slots = InflightLimiter(
        jobs=lambda _: (),
        exists=lambda _: True,
        serving=lambda _: workspace.key,
        wake=lambda _: None,
        left=lambda _: None,
        clock=parts.TIME.monotonic,
    )
    monkeypatch.setattr(wiring, "WORKSPACE", workspace)
    monkeypatch.setattr(wiring, "InflightLimiter", lambda: slots)
    yield slots
    forget()
