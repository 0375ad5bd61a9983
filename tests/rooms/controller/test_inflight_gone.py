"""Workspaces that are gone: nothing is kept of their places, and nobody walks through those of others."""

from dataclasses import replace
from typing import Any

from quantumjob_operator.lifecycle.slots import FULL
from quantumjob_operator.model.quantumworkspace import Name
from rooms.controller.inflight import Bench, flying_job, shared, waiting_job
from rooms.model.bodies import workspace


def test_nothing_is_left_of_workspaces_that_are_made_anew_without_end() -> None:
    """Each had a job in flight and one that waited; the last job of one that is gone takes the rest along."""
    bench = Bench()
    limiter = bench.limiter()
    for number in range(50):
        made = workspace({"maxJobsInFlight": 1}, namespace="b", name=f"w-{number}", uid=f"uid-{number}")
        flying, waiting = f"b-flying-{number}", f"b-waiting-{number}"
        limiter.take(made, flying_job(flying, through=made.key), ours=True)
        limiter.take(made, waiting_job(waiting, through=made.key))
        limiter.forget_workspace(made.uid)
        limiter.forget(waiting)
        limiter.forget(flying)
    assert not limiter._inflight
    assert not limiter._counted


class Unwalked(dict[str, Name]):
    """Nobody goes through it."""

    def values(self) -> Any:
        """It may be long."""
        raise AssertionError("all of them were looked at")

    __iter__ = items = keys = values


def test_the_last_job_of_a_workspace_looks_at_none_of_the_others() -> None:
    """However many there are: each job that ends may be the last of its own."""
    limiter = Bench().limiter()
    limiter._counted = Unwalked()
    for number in range(3):
        made = workspace({"maxJobsInFlight": 1}, namespace="b", name=f"w-{number}", uid=f"uid-{number}")
        limiter.take(made, flying_job("b-flying", through=made.key), ours=True)
        limiter.free("b-flying")
        limiter.forget_workspace(made.uid)
    assert not limiter._inflight


def test_a_workspace_that_is_gone_is_not_counted_again() -> None:
    """Who runs by its last connection asks on: each time would be a walk, and what is kept of it would stay."""
    bench, one = Bench(), shared()
    limiter = bench.limiter()
    limiter.take(one, flying_job("b1"), ours=True)
    bench.gone.add(one.uid)
    limiter.forget_workspace(one.uid)
    limiter.take(one, flying_job("b1"), ours=True)
    limiter.forget("b1")
    assert bench.counted == [one.key]
    assert not limiter._counted
    assert not limiter._inflight


def test_a_workspace_that_is_gone_and_comes_back_counts_what_runs() -> None:
    """Its limit holds for what was sent through the object before."""
    bench = Bench(known=[flying_job("b1")])
    limiter, limited = bench.limiter(), shared(maxJobsInFlight=1)
    limiter.take(limited, flying_job("b1"))
    limiter.forget_workspace(limited.uid)
    trouble = limiter.take(replace(limited, uid="another"), waiting_job("b2"))
    assert trouble
    assert trouble.reason == FULL
    limiter.free("b1")
    assert limiter.take(replace(limited, uid="another"), waiting_job("b2")) is None
