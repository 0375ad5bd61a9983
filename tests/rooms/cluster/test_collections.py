"""Collections are read page by page, and half of one is none."""

import pytest

from quantumjob_operator.cluster.api import Api, ClusterError
from quantumjob_operator.cluster.objects import Objects
from rooms.azure.misbehaving import Behaviour, MisbehavingServer, answers, says
from rooms.cluster.connecting import PAGE, status
from rooms.model.bodies import job_body


def page(*uids: str, following: str | None = None) -> Behaviour:
    """A page of metadata; without uids as the API server writes it, with a null."""
    items = [{"metadata": {"uid": uid, "resourceVersion": "1"}} for uid in uids] or None
    metadata = {"resourceVersion": "9"} | ({"continue": following} if following else {})
    return says({"metadata": metadata, "items": items})


@pytest.mark.parametrize(
    ("pages", "uids"),
    [
        pytest.param([page()], [], id="an empty collection"),
        pytest.param([page("a", "b")], ["a", "b"], id="one page"),
        pytest.param([page("a", following="t1"), page("b", following="t2"), page("c")], ["a", "b", "c"], id="three"),
        pytest.param([page("a", following="t1"), page()], ["a"], id="a last page without objects"),
    ],
)
async def test_a_collection_is_read_page_by_page(
    server: MisbehavingServer, api: Api, pages: list[Behaviour], uids: list[str]
) -> None:
    """Metadata only, and each page with the token of the one before."""
    server.plays(*pages)
    listed = [version async for version in api.list_versions("/apis/x")]
    assert listed == [(uid, "1") for uid in uids]
    tokens = [received.query.get("continue") for received in server.received]
    assert tokens == [None, ["t1"], ["t2"]][: len(pages)]
    assert all("PartialObjectMetadataList" in received.headers["accept"] for received in server.received)


async def test_a_collection_that_breaks_off_is_an_error(server: MisbehavingServer, api: Api) -> None:
    """Half a listing would make objects look deleted."""
    server.plays(page("a", following="t1"), status(410, "Expired"))
    with pytest.raises(ClusterError) as caught:
        [one async for one in api.list_versions("/apis/x")]
    assert caught.value.status == 410


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(says({}), id="an empty object"),
        pytest.param(says({"metadata": {"resourceVersion": "9"}}), id="no items at all"),
        pytest.param(says({"metadata": {"resourceVersion": "9"}, "items": [{"metadata": {}}]}), id="no uid"),
        pytest.param(says({"metadata": {}, "items": []}), id="no revision"),
        pytest.param(says([]), id="a list"),
        pytest.param(answers(200, PAGE), id="a page of a proxy"),
        pytest.param(answers(204, b""), id="nothing"),
    ],
)
async def test_what_is_no_listing_is_an_error(server: MisbehavingServer, api: Api, behaviour: Behaviour) -> None:
    """Taken for an empty one it would make all objects look deleted."""
    server.plays(behaviour)
    with pytest.raises(ClusterError) as caught:
        [one async for one in api.list_versions("/apis/x")]
    assert caught.value.reason == "Unreadable"


async def test_jobs_with_a_key_are_read_page_by_page(server: MisbehavingServer, api: Api) -> None:
    """They may be long, and a page of them is in memory at once; all pages are of one selector."""
    first, last = (job_body(name=name, uid=name) for name in ("a", "b"))
    server.plays(says({"items": [first], "metadata": {"continue": "more"}}), says({"items": [last], "metadata": {}}))
    found: list[str] = []
    await Objects(api).each_with_key("research", "bell", lambda job: found.append(job.name))
    assert found == ["a", "b"]
    asked = [{name: values[0] for name, values in one.query.items()} for one in server.received]
    page = {"fieldSelector": "spec.idempotencyKey=bell", "limit": "20"}
    assert asked == [page, page | {"continue": "more"}]
