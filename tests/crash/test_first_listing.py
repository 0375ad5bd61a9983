"""The first listing, on which everything is decided: the watch's own and the one that it is checked against."""

from collections.abc import Iterator
from http import HTTPMethod
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest

from crash.harness import EXPENSIVE, SHORT_FENCE, create, quantum_job
from devcluster.proxyrules import Moment, Predicate, Request
from localstack.service import Service
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_JOBS: Final = "/apis/quantumjobs.dev/v1alpha1/quantumjobs"


def watch_lists(request: Request) -> bool:
    """The watch lists the jobs, in small pages."""
    return _page(request) == ["50"]


def check_lists(request: Request) -> bool:
    """The jobs are listed to check what the watch tells."""
    return _page(request) == ["500"]


def _page(request: Request) -> list[str]:
    address = urlsplit(request.path)
    listed = request.method == HTTPMethod.GET and address.path == _JOBS
    return parse_qs(address.query).get("limit", []) if listed else []


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The operator runs later."""
    with Stack.start(
        operator_args=SHORT_FENCE, emulator_args=EXPENSIVE, through_proxy=True, start_operator=False
    ) as started:
        yield started


@pytest.mark.parametrize(
    ("held", "when"),
    [
        pytest.param(watch_lists, Moment.BEFORE, id="before the watch lists, which never tells of it"),
        pytest.param(check_lists, Moment.AFTER, id="after the watch has told of it, and of its end"),
    ],
)
def test_object_that_goes_meanwhile_is_not_waited_for(stack: Stack, held: Predicate, when: Moment) -> None:
    """It is in the listing that the watch is checked against; the operator begins with the others at once."""
    stays, goes = f"stays-{when}", f"goes-{when}"
    create(stack, [quantum_job(stays), quantum_job(goes)])
    proxy = stack.cluster_proxy
    assert proxy is not None
    other = check_lists if held is watch_lists else watch_lists
    earlier, later = proxy.hold(other, when=Moment.AFTER), proxy.hold(held, when=when)
    Service.start(stack.operator)
    try:
        earlier.wait_until_held()
        later.wait_until_held()
        earlier.release()
        stack.kubectl("delete", "quantumjob", goes)
        later.release()
        stack.wait(f"quantumjob/{stays}", "Complete")
        log = stack.operator.log.read_text()
    finally:
        earlier.release()
        later.release()
        stack.operator.stop()
    assert "starting it anew" not in log


def test_check_that_fails_says_nothing_of_the_watch(stack: Stack) -> None:
    """It is made again; the watch goes on, for to list all objects anew is no help to an overloaded API server."""
    create(stack, [quantum_job("patient")])
    proxy = stack.cluster_proxy
    assert proxy is not None
    before = len(proxy.exchanges)
    proxy.drop(check_lists, times=3)
    Service.start(stack.operator)
    try:
        stack.wait("quantumjob/patient", "Complete")
    finally:
        stack.operator.stop()
    since = proxy.exchanges[before:]
    assert sum(check_lists(one.request) and one.dropped for one in since) == 3
    assert sum(watch_lists(one.request) for one in since) == 1
