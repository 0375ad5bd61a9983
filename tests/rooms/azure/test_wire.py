"""JSON of jobs becomes values, leniently where the service is known to vary, and definitions become JSON."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.azure.offers import parse_quota, parse_quota_usage, parse_targets
from quantumjob_operator.azure.times import Unreadable
from quantumjob_operator.azure.wire import content_type, create_body, parse_job, parse_page, parse_rows, sas_uri
from quantumjob_operator.model.remotejob import Cost, RemoteError
from rooms.azure.samples import DEFINITION, JOB_ID, LOCATION, SAS, job


def test_a_job_with_everything() -> None:
    """Every field that the operator knows is read, and the output's URI loses its SAS."""
    parsed = parse_job(
        job(
            status="Failed",
            endExecutionTime="2026-11-22T12:00:00Z",
            errorData={"code": "InvalidInputData", "message": "no such gate"},
            costEstimate={"currencyCode": "USD", "estimatedTotal": 1.25, "events": []},
            outputDataUri=f"https://acct.blob.core.windows.net/job-1/rawOutputData?{SAS}",
            metadata={"quantumjobs_uid": "42"},
            sessionId="s-1",
            isCancelling=True,
        )
    )
    assert parsed.error == RemoteError("InvalidInputData", "no such gate")
    assert parsed.cost == Cost("1.25", "USD")
    assert parsed.output_uri == "https://acct.blob.core.windows.net/job-1/rawOutputData"
    assert parsed.output_location == f"{parsed.output_uri}?{SAS}"
    assert SAS not in repr(parsed)
    assert parsed.metadata == {"quantumjobs_uid": "42"}
    assert (parsed.session_id, parsed.is_cancelling, parsed.status) == ("s-1", True, "Failed")
    assert parsed.creation_time == datetime(2026, 11, 22, 11, 59, 0, 123456, UTC)


def test_ids_have_one_spelling() -> None:
    """The service takes them in any letters; a job that it answers in others would be somebody else's everywhere."""
    told = job(id=JOB_ID.upper())
    rows, _ = parse_rows([told])
    assert [parse_job(told).id, rows[0].id] == [JOB_ID.lower()] * 2


def test_a_job_with_almost_nothing() -> None:
    """A job needs no more than an id and a status."""
    parsed = parse_job({"id": JOB_ID, "status": "SomethingNew"})
    assert (parsed.status, parsed.error, parsed.cost, parsed.metadata) == ("SomethingNew", None, None, {})


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        pytest.param({"errorData": {"code": None, "message": None}}, RemoteError(None, None), id="an error of nulls"),
        pytest.param({"errorData": {}}, RemoteError(None, None), id="an empty error"),
        pytest.param({"errorData": None}, None, id="no error"),
    ],
)
def test_errors_of_a_job(fields: dict[str, Any], error: RemoteError | None) -> None:
    """Both parts of a job's error may be missing."""
    assert parse_job(job(**fields)).error == error


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="null"),
        pytest.param([job()], id="a list"),
        pytest.param("text", id="text"),
        pytest.param({"status": "Waiting"}, id="no id"),
        pytest.param(job(status=None), id="a null status"),
        pytest.param(job(status=""), id="an empty status"),
        pytest.param(job(status=7), id="a number as status"),
        pytest.param(job(status="x" * 257), id="a status that is no word"),
        pytest.param(job(id="x" * 257), id="an id without end"),
        pytest.param(job(errorData="oops"), id="text as error"),
        pytest.param(job(errorData={"code": 7}), id="a number as error code"),
        pytest.param(job(metadata=["a"]), id="a list as metadata"),
        pytest.param(job(metadata={"quantumjobs_uid": 1}), id="a number in our metadata"),
    ],
)
def test_unreadable_jobs(body: Any) -> None:
    """A job outside the contract is a typed error."""
    with pytest.raises(Unreadable):
        parse_job(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("creationTime", 1700000000, id="a number as time"),
        pytest.param("endExecutionTime", "soon", id="a word as time"),
        pytest.param("beginExecutionTime", [], id="a list as time"),
        pytest.param("costEstimate", {"estimatedTotal": True}, id="a truth value as cost"),
        pytest.param("costEstimate", "1.25 USD", id="a text as cost"),
        pytest.param("costEstimate", {"events": [{"dimensionId": 7}]}, id="a dimension without a name"),
        pytest.param("usage", {"standardMinutes": [7]}, id="a list as usage"),
        pytest.param("usage", [7], id="a list of usages"),
        pytest.param("tags", "mine", id="a text as tags"),
        pytest.param("name", 7, id="a number as name"),
        pytest.param("name", "x" * 257, id="a name without end"),
        pytest.param("tags", ["ab"] * 2_000, id="tags without end"),
        pytest.param("sessionId", 7, id="a number as session"),
        pytest.param("sessionId", "x" * 257, id="a session without end"),
    ],
)
def test_what_decides_nothing_is_left_out(field: str, value: Any) -> None:
    """A job with such a field is followed to its end like any other; the field is named, so that it can be logged."""
    parsed = parse_job(job(**{field: value}))
    assert replace(parsed, name="bell", creation_time=None) == replace(parse_job(job()), creation_time=None)
    assert parsed.left_out == (field,)


@pytest.mark.parametrize(
    ("told", "year"),
    [
        pytest.param("0001-01-01T00:00:00", None, id="the zero time of .NET"),
        pytest.param("1969-12-31T23:59:59Z", None, id="before all computers of this kind"),
        pytest.param("1970-01-01T00:00:00Z", 1970, id="the first second that is one"),
    ],
)
def test_a_time_that_is_unset_is_none(told: str, year: int | None) -> None:
    """A job that never began must not count as one that ran, wherever that is asked."""
    begun = parse_job(job(beginExecutionTime=told)).begin_execution_time
    assert (begun and begun.year) == year


@pytest.mark.parametrize(
    ("told", "word"),
    [
        pytest.param("Executing", "Executing", id="a word"),
        pytest.param("Executing ", "Executing", id="a blank behind it"),
        pytest.param("Exec\u00aduting\u0007", "Executing", id="characters that nobody sees"),
    ],
)
def test_a_word_is_read_as_status_shows_it(told: str, word: str) -> None:
    """Else it would be news again and again."""
    assert parse_job(job(status=told)).status == word
    assert parse_rows([{"id": "a", "status": told}])[0][0].status == word


def test_a_word_of_nothing_that_can_be_shown_is_none() -> None:
    """As one that is missing."""
    with pytest.raises(Unreadable):
        parse_job(job(status="\u00ad "))


@pytest.mark.parametrize("field", ["providerId", "target"])
def test_names_without_end_are_left_out(field: str) -> None:
    """They are kept as long as the job is followed."""
    parsed = parse_job(job(**{field: "x" * 257}))
    assert parsed.left_out == (field,)
    assert "" in (parsed.provider, parsed.target)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("parse", [parse_job, parse_page, parse_targets, parse_quota, parse_quota_usage, sas_uri])
@given(
    st.dictionaries(st.sampled_from([*job(), "value", "nextLink", "targets", "dimension", "usage", "sasUri"]), _JSON)
)
def test_any_json_is_read_or_refused(parse: Callable[[Any], Any], body: dict[str, Any]) -> None:
    """Whatever JSON comes, it is read as something, or the error is `Unreadable`."""
    with suppress(Unreadable):
        assert parse(body) is not None


def test_absent_fields_are_left_out_of_a_create_body() -> None:
    """What the definition leaves open is not sent, not even as null; parameters always are."""
    body = create_body(replace(DEFINITION, parameters={}), LOCATION.container_uri_with_sas, LOCATION.input_uri)
    assert body == {
        "itemType": "Job",
        "name": "bell",
        "containerUri": LOCATION.container_uri_with_sas,
        "inputDataUri": LOCATION.input_uri,
        "inputDataFormat": "ionq.circuit.v1",
        "outputDataFormat": "ionq.quantum-results.v1",
        "providerId": "ionq",
        "target": "ionq.simulator",
        "inputParams": {},
    }


def test_optional_fields_are_sent_when_given() -> None:
    """Metadata, priority, tags and session go along when there are any."""
    definition = replace(DEFINITION, metadata={"a": "b"}, priority="High", tags=("x",), session_id="s-1")
    body = create_body(definition, LOCATION.container_uri_with_sas, LOCATION.input_uri)
    assert (body["metadata"], body["priority"], body["tags"], body["sessionId"]) == ({"a": "b"}, "High", ["x"], "s-1")


@pytest.mark.parametrize(
    ("escaped", "read"),
    [
        pytest.param(r"a\ud800b", "a\ufffdb", id="the first half of a pair"),
        pytest.param(r"a\udc00b", "a\ufffdb", id="the second half of a pair"),
        pytest.param(r"a\ud83d\ude00b", "a\U0001f600b", id="a whole pair is a character"),
    ],
)
def test_half_a_surrogate_pair_is_read_as_the_api_server_reads_it(escaped: str, read: str) -> None:
    """What is written to status comes back as it was written."""
    names = ("status", "name", "providerId", "target", "outputDataUri", "sessionId")
    one = parse_job({**job(), **json.loads(json.dumps(dict.fromkeys(names, "?")).replace("?", escaped))})
    assert {one.status, one.name, one.provider, one.target, one.output_uri, one.output_location} == {read}
    [row], _ = parse_rows([{"id": JOB_ID, "status": json.loads(f'"{escaped}"')}])
    assert row.status == read
    [target] = parse_targets({"id": "ionq", "targets": [{"id": json.loads(f'"{escaped}"')}]})
    assert target.target == read


def test_an_unknown_format_is_uploaded_as_bytes() -> None:
    """Formats that the operator does not know still have a content type."""
    assert content_type("honeywell.openqasm.v1") == "application/qasm"
    assert content_type("some.new.v1") == "application/octet-stream"
