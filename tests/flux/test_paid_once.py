"""Nothing is paid twice, whatever happens to Flux: by the books of a service that bills each mistake."""

import random
from typing import Final

import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER
from flux.controllers import Controllers
from flux.delivery import Delivery, files

pytestmark = pytest.mark.release

_TIMES: Final = 5
_SEED: Final = 20261129


def test_applying_again_changes_and_costs_nothing(delivery: Delivery) -> None:
    """While the jobs run, and when they are over: no job is written to, let alone made anew."""
    place = delivery.place
    place.stack.emulator.behave(executing_seconds=FOR_EVER)
    delivery.begin("accepted.yaml")
    revision = delivery.push(files([jobs.ionq("bell"), jobs.quantinuum("ghz")]))
    delivery.wait_ready(revision)
    running = delivery.versions("bell", "ghz")
    for _ in range(_TIMES):
        delivery.request("gitrepository", "experiments")
        delivery.reconcile()
    assert delivery.versions("bell", "ghz") == running
    place.pass_time()
    for name in ("bell", "ghz"):
        place.wait(name, "Complete")
    delivery.reconcile()
    ended = {name: place.job(name)["metadata"]["resourceVersion"] for name in ("bell", "ghz")}
    for _ in range(_TIMES):
        delivery.reconcile()
    assert {name: place.job(name)["metadata"]["resourceVersion"] for name in ended} == ended
    assert delivery.versions("bell", "ghz") == running
    assert delivery.paid("bell", "ghz") == {"bell": 1, "ghz": 1}


@pytest.mark.parametrize(
    "store",
    [
        pytest.param("kept", id="its containers are restarted"),
        pytest.param("lost", id="its pods are replaced and have to fetch again"),
    ],
)
def test_flux_is_killed_while_it_waits_for_a_job(flux: Controllers, delivery: Delivery, store: str) -> None:
    """It goes on waiting afterwards, for the same job."""
    place = delivery.place
    place.stack.emulator.behave(executing_seconds=FOR_EVER)
    delivery.begin()
    revision = delivery.push(files([jobs.ionq("bell")]))
    place.wait("bell", "create")
    place.wait_state("bell", "Executing")
    before = delivery.versions("bell")
    flux.kill(with_store=store == "lost")
    flux.start()
    place.pass_time()
    delivery.wait_ready(revision)
    assert delivery.versions("bell") == before
    assert delivery.paid("bell") == {"bell": 1}


def test_flux_is_killed_again_and_again_while_it_delivers(flux: Controllers, delivery: Delivery) -> None:
    """At moments that a seed gives: each job of each commit is there in the end, and was paid once."""
    moments = random.Random(_SEED)  # noqa: S311 - moments of a test
    delivery.begin("accepted.yaml")
    names = [f"run-{number}" for number in range(_TIMES)]
    revision = ""
    for name in names:
        revision = delivery.repository.commit(files([jobs.ionq(f"{name}-a"), jobs.ionq(f"{name}-b")]))
        delivery.request("gitrepository", "experiments")
        flux.kill_after(moments.uniform(0, 1))
        flux.start()
    delivery.request("gitrepository", "experiments")
    delivery.wait_ready(revision)
    whole = [f"{name}-{half}" for name in names for half in "ab"]
    for name in whole:
        delivery.place.wait(name, "Complete")
    assert delivery.paid(*whole) == dict.fromkeys(whole, 1)
