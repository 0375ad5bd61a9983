"""What the service tells of a job, as it comes to stand in the status."""

from datetime import timedelta

import pytest

from quantumjob_operator.lifecycle import decide
from quantumjob_operator.lifecycle.decision import draw
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.lifecycle.status_mapping import mirror
from quantumjob_operator.model.jobstatus import ErrorShown, State
from quantumjob_operator.model.remotejob import Cost, RemoteError
from rooms.lifecycle.observations import NOW, accepted, ago, remote, seen

KNOWN = seen(accepted())
BEFORE = ErrorShown("Old", "what it said before")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        pytest.param(
            RemoteError("New", "what it says now"), ErrorShown("New", "what it says now"), id="the newest word"
        ),
        pytest.param(RemoteError("New", None), ErrorShown("New", None), id="a code alone"),
        pytest.param(None, None, id="none any more, once the service answers without one"),
    ],
)
def test_the_error_that_is_shown(error: RemoteError | None, shown: ErrorShown | None) -> None:
    """An error of the service replaces what stood there; silence does not."""
    known = seen(accepted(error=BEFORE))
    assert mirror(known, remote("Failed", error=error)).error == shown


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(
            RemoteError("TooLarge", "the program is too large"), "(TooLarge): the program is too large", id="all"
        ),
        pytest.param(RemoteError("TooLarge", None), "(TooLarge): the service gave no message", id="no message"),
        pytest.param(RemoteError(None, "it broke"), "(no code): it broke", id="no code"),
        pytest.param(None, "(no code): the service gave no message", id="nothing"),
    ],
)
def test_what_a_failure_says(error: RemoteError | None, said: str) -> None:
    """The condition quotes the service, or says that there is nothing to quote."""
    found = decide(seen(accepted(), remote=remote("Failed", error=error))).status.condition("Failed")
    assert found is not None
    assert said in found.message


@pytest.mark.parametrize(("length", "whole"), [(64, True), (65, False), (200, False)])
def test_an_amount_is_as_long_as_the_schema_allows(length: int, *, whole: bool) -> None:
    """64 bytes, as the CRD says; the currency 16."""
    cost = mirror(KNOWN, remote(cost=Cost("9" * length, "E" * (length // 4)))).cost
    assert cost is not None
    assert (cost.estimated_total == "9" * length) is whole
    assert (len((cost.estimated_total or "").encode()) <= 64, len((cost.currency_code or "").encode())) == (True, 16)


@pytest.mark.parametrize(("length", "shown"), [(2048, True), (2049, False)])
def test_an_output_uri_is_shown_whole_or_not_at_all(length: int, *, shown: bool) -> None:
    """A part of it leads nowhere."""
    uri = "https://storage/".ljust(length, "x")
    assert mirror(KNOWN, remote("Succeeded", output_uri=uri)).output_uri == (uri if shown else None)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        pytest.param("https://acct.blob.core.windows.net/job-1/rawOutputData", True, id="a blob of Azure"),
        pytest.param("http://127.0.0.1:10000/acct/job-1/rawOutputData%20x", True, id="a blob of an emulator"),
        pytest.param("http://storage/\ud800", False, id="half a surrogate pair"),
        pytest.param("http://storage/\ufffd", False, id="what a reader of JSON makes of it"),
        pytest.param("http://storage/a b", False, id="a space"),
        pytest.param("http://storage/a\nb", False, id="a line's end"),
        pytest.param("http://storage/\u202eb", False, id="what turns the direction of reading"),
        pytest.param("https://me:password@storage/a", False, id="a password"),
        pytest.param("https://storage/sig=abc", False, id="a signature"),
        pytest.param("javascript:alert(1)", False, id="another scheme"),
        pytest.param("rawOutputData", False, id="no URI"),
    ],
)
def test_what_is_no_output_uri_is_left_out(uri: str, *, shown: bool) -> None:
    """It comes from outside and stands in status as it is, or not at all."""
    assert mirror(KNOWN, remote("Succeeded", output_uri=uri)).output_uri == (uri if shown else None)


@pytest.mark.parametrize(
    ("word", "shown"),
    [("Succeeded", True), ("Failed", True), ("Cancelled", False), ("Executing", False), ("Waiting", False)],
)
def test_whose_output_uri_is_shown(word: str, *, shown: bool) -> None:
    """That of a job that succeeded, and of one that failed: its message may say to look there."""
    uri = "https://acct.blob.core.windows.net/job-1/rawOutputData"
    assert mirror(KNOWN, remote(word, output_uri=uri)).output_uri == (uri if shown else None)


@pytest.mark.parametrize(
    ("word", "shown"), [("Succeeded", ago(5)), ("Cancelled", ago(5)), ("Finishing", None), ("Waiting", None)]
)
def test_only_what_has_ended_has_a_time_of_its_end(word: str, shown: str | None) -> None:
    """Services fill in an end while they still finish; a word that goes back takes it away again."""
    known = seen(accepted(completion_time=ago(9)))
    assert mirror(known, remote(word, end_execution_time=NOW - timedelta(seconds=5))).completion_time == shown


def test_a_job_whose_output_is_fetched_has_not_ended() -> None:
    """Its state is Executing, so it shows no time of its end."""
    trouble = Trouble("OutputUnreadable", "not there yet")
    decided = decide(seen(accepted(), remote=remote("Succeeded", end_execution_time=NOW), output=trouble)).status
    assert (decided.state, decided.completion_time) == ("Executing", None)


@pytest.mark.parametrize(
    ("begun", "ended", "shown"),
    [
        pytest.param(0, 0, "0s", id="less than a second"),
        pytest.param(59, 0, "59s", id="seconds"),
        pytest.param(60, 0, "1m0s", id="a minute"),
        pytest.param(3600, 0, "1h0m0s", id="an hour"),
        pytest.param(100_000, 1, "27h46m39s", id="more than a day"),
        pytest.param(0, 5, None, id="an end before the beginning"),
        pytest.param(None, 0, None, id="it never began"),
        pytest.param(5, None, None, id="no end yet"),
    ],
)
def test_how_long_it_executed(begun: int | None, ended: int | None, shown: str | None) -> None:
    """From its beginning to its end, as Kubernetes spells durations; nothing where one of them is not known."""
    times = [None if back is None else NOW - timedelta(seconds=back) for back in (begun, ended)]
    word = "Executing" if ended is None else "Succeeded"
    found = mirror(KNOWN, remote(word, begin_execution_time=times[0], end_execution_time=times[1]))
    assert found.duration == shown


@pytest.mark.parametrize(
    ("length", "shown"), [pytest.param(200, "x" * 200, id="short"), pytest.param(400, "x" * 255 + "…", id="long")]
)
def test_a_table_shows_the_beginning_of_the_message(length: int, shown: str) -> None:
    """The condition has it whole; what stands in a column has an end."""
    known = seen(accepted())
    status = draw(known, known.job.status, State.WAITING, "Waiting", "x" * length)
    assert status.message == shown
    ready = status.condition("Reconciling")
    assert ready is not None
    assert ready.message == "x" * length


def test_the_time_of_a_cancellation_is_the_service_s() -> None:
    """Shown as it was told, and kept when a later answer leaves it out."""
    shown = mirror(KNOWN, remote("Cancelled", cancellation_time=NOW))
    assert shown.cancellation_time == ago(0)
    assert mirror(seen(accepted(cancellation_time=ago(9))), remote("Cancelled")).cancellation_time == ago(9)
