"""What is kept of a job that an endpoint describes: no more than is looked at."""

import json
import tracemalloc
from typing import Any

import pytest

from quantumjob_operator.azure.wire import parse_job
from quantumjob_operator.model.naming import OWN_METADATA, orphan_tag
from rooms.azure.samples import job


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"errorData": {"message": "x" * 20_000}}, id="an error text"),
        pytest.param({"outputDataUri": "https://x/" + "x" * 8_100}, id="an address"),
        pytest.param({"metadata": dict.fromkeys(OWN_METADATA, "x" * 2_000)}, id="our own metadata"),
        pytest.param({"tags": ["x" * 20_000]}, id="a tag"),
        pytest.param({"tags": [""] * 500}, id="tags of nothing"),
        pytest.param({"errorData": {"message": "\U0001f52c" * 5_000}}, id="an error text of wide characters"),
        pytest.param(
            {
                "costEstimate": {
                    "events": [{"dimensionId": f"{one}" + "x" * 250, "measureUnit": "y" * 250} for one in range(32)]
                }
            },
            id="a bill",
        ),
    ],
)
def test_what_a_job_takes_of_memory_is_told(fields: dict[str, Any]) -> None:
    """Whatever may be long, or be there often: what is told may wait for its reconciliation."""
    assert parse_job(job(**fields)).size > 16 * 1024
    assert parse_job(job()).size < 4 * 1024


DIGITS = "9" * 50


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="a usual job"),
        pytest.param({"usage": {f"u{one}": f"{DIGITS}.{one}" for one in range(32)}}, id="what was used"),
        pytest.param(
            {
                "costEstimate": {
                    "events": [
                        {"dimensionId": "d"}
                        | dict.fromkeys(("amountConsumed", "amountBilled", "unitPrice"), f"{DIGITS}.{one}")
                        for one in range(32)
                    ]
                }
            },
            id="the amounts of a bill",
        ),
        pytest.param({"costEstimate": {"events": [{"dimensionId": "d"}] * 32}}, id="lines of a bill without amounts"),
        pytest.param({"tags": [f"{one}" for one in range(200)]}, id="short tags"),
    ],
)
def test_a_job_takes_no_more_than_is_told(fields: dict[str, Any]) -> None:
    """Whatever it is made of: what is kept of many is bounded by it."""
    answer = json.dumps(job(**fields))
    parse_job(json.loads(answer))
    tracemalloc.start()
    try:
        kept = [parse_job(json.loads(answer)) for _ in range(50)]
        taken = tracemalloc.get_traced_memory()[0] / len(kept)
    finally:
        tracemalloc.stop()
    assert taken <= kept[0].size * 1.1


LONG = "x" * 500_000
MANY = [f"{number:x}" for number in range(100_000)]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"name": LONG}, id="a name"),
        pytest.param({"errorData": {"code": LONG, "message": LONG}}, id="an error"),
        pytest.param({"outputDataUri": f"https://x/{LONG}"}, id="an address"),
        pytest.param({"outputDataUri": f"https://x/output?{LONG}"}, id="the query of an address"),
        pytest.param({"metadata": dict.fromkeys(MANY, "a")}, id="metadata without end"),
        pytest.param({"metadata": dict.fromkeys(OWN_METADATA, LONG)}, id="our own metadata"),
        pytest.param({"usage": dict.fromkeys(MANY, 1)}, id="usages without end"),
        pytest.param({"tags": MANY}, id="tags without end"),
        pytest.param({"tags": [f"{orphan_tag('42')}-{one}" for one in MANY]}, id="tags like ours without end"),
    ],
)
def test_what_is_kept_of_a_job_has_an_end(fields: dict[str, Any]) -> None:
    """A worker has it for as long as what it does next takes, and nobody counts it any more."""
    assert parse_job(job(**fields)).size <= 64 * 1024


def test_of_tags_without_end_those_that_decide_are_read() -> None:
    """Or a job that was let go would be cancelled."""
    parsed = parse_job(job(tags=[*MANY, orphan_tag("42"), 7]))
    assert (parsed.tags, parsed.left_out) == ((orphan_tag("42"),), ("tags",))


def test_an_address_whose_query_has_no_end_has_none() -> None:
    """The service is asked for a new one."""
    parsed = parse_job(job(outputDataUri=f"https://x/output?{LONG}"))
    assert parsed.output_uri == parsed.output_location == "https://x/output"
