"""Pages of a collection that are too long to be read are asked for in smaller ones."""

from itertools import pairwise

import pytest

from quantumjob_operator.cluster.api import Api
from quantumjob_operator.cluster.listing import MOST_BYTES, PageSize
from quantumjob_operator.cluster.objects import Objects
from rooms.azure.misbehaving import MisbehavingServer, says
from rooms.cluster.test_api import api, server
from rooms.model.bodies import job_body

__all__ = ["api", "server"]


@pytest.mark.parametrize(
    ("lengths", "asked"),
    [
        pytest.param([10, 10], [20, 20, 20], id="short pages stay full"),
        pytest.param([MOST_BYTES + 1, 10, 10, 10], [20, 1, 2, 4, 8], id="a long one begins again with one object"),
        pytest.param([MOST_BYTES + 1, MOST_BYTES + 1, 10], [20, 1, 2, 4], id="a single object is read however long"),
        pytest.param([MOST_BYTES + 1, 10, MOST_BYTES + 1, 10], [20, 1, 2, 1, 2], id="the next page is long again"),
    ],
)
def test_how_many_objects_a_page_is_to_have(lengths: list[int], asked: list[int]) -> None:
    """Twice as many after each page that was read."""
    size, now = PageSize(20), [20]
    for length in lengths:
        before = size.now
        assert size.takes(length) is (length <= MOST_BYTES or before == 1)
        now.append(size.now)
    assert now == asked


async def test_each_object_of_a_long_page_is_read_once(server: MisbehavingServer, api: Api) -> None:
    """The page itself is thrown away."""
    long, short = job_body({"parameters": {"a": "x" * MOST_BYTES}}, uid="1"), job_body(uid="2")
    server.plays(
        says({"metadata": {}, "items": [long, short]}),
        says({"metadata": {"continue": "more"}, "items": [long]}),
        says({"metadata": {}, "items": [short]}),
    )
    assert [job.uid for job in await Objects(api).jobs_with_key("research", "one")] == ["1", "2"]
    limits = [one.query["limit"] for one in server.received]
    assert limits == [["20"], ["1"], ["2"]]
    assert all(before != after for before, after in pairwise(limits))
