"""Every pattern that foreign text meets takes time in proportion to its length, and readers take any bytes."""

import contextlib
import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantumjob_operator
from growth import seconds, times_as_long
from quantumjob_operator.azure.failures import answer_failure, parse_error, retry_after, says_absent
from quantumjob_operator.azure.http.allowlist import OriginError, origin_of
from quantumjob_operator.azure.paging import Trail
from quantumjob_operator.azure.times import Unreadable, parse_time
from quantumjob_operator.model import redaction
from quantumjob_operator.model.redaction import MAX_TEXT_BYTES, clean_text, redact
from quantumjob_operator.results import Omitted, OutputFacts, output_data
from quantumjob_operator.results.document import parse
from quantumjob_operator.results.formats import READERS
from quantumjob_operator.results.histogram import CannotCount
from quantumjob_operator.results.lean import load

LENGTH: Final = 1_500
TIMES: Final = 8
# In proportion is 8 times as long, the square 64 times.
MOST_TIMES: Final = 28
TOO_SHORT_SECONDS: Final = 0.002
PUMPS: Final = (
    *("a", " ", "0", "1", "a.", "a-", "/", ":", "@", "\\", '"', "[", "]", "{", "\t\n", "é", "\x00"),
    *("a://", "a://b", "a://a?", "a:", "a@", "a://u:p@", "sig=", "sig", "%3d", "Bearer ", "Bearer: ", "Bearer"),
    *("eyJ", "eyJ-", "eyJhbGciOi", "eyJhbGciOi.", "api-key", "api-key ", "api-key= ", "access_token ", "-eyJaaaaaaaa"),
    *("[0,", "[0, 1], ", "0 1 ", "[ ", "( ", "[0", "Trace ID", "Trace ID: ", "Timestamp: 1", "AADSTS7", "workspace"),
    *("2026-01-01T", "1.", "a.b", "aa-", "resource ", "/subscriptions/", "job-", "key=value;", "\r\n"),
)
SHAPES: Final[tuple[Callable[[str, int], str], ...]] = (
    lambda pump, length: pump * (length // len(pump)),
    lambda pump, length: "Bearer" + pump * (length // len(pump)) + "!",
    lambda pump, length: "api-key" + pump * (length // len(pump)) + "\x00",
    lambda pump, length: "a://" + pump * (length // len(pump)) + "<",
)


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Each compiled pattern that a module of the operator holds."""
    for found in pkgutil.walk_packages(quantumjob_operator.__path__, "quantumjob_operator."):
        if found.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(found.name)).items():
            held = value if isinstance(value, tuple) else (value,)
            for number, one in enumerate(held):
                pattern = one[0] if isinstance(one, tuple) and one else one
                if isinstance(pattern, re.Pattern):
                    yield f"{found.name.partition('.')[2]}.{name}[{number}]", pattern


PATTERNS: Final = {pattern.pattern: (name, pattern) for name, pattern in patterns()}


def slowest_ratio(work: Callable[[str], object]) -> tuple[float, str]:
    """How many times as long a text of eight times the length takes, at worst, and what the text is made of."""
    worst = (0.0, "")
    for shape in SHAPES:
        for pump in PUMPS:
            text, part = shape(pump, LENGTH * TIMES), shape(pump, LENGTH)
            if seconds(partial(work, text)) < TOO_SHORT_SECONDS:
                continue
            worst = max(worst, (times_as_long(partial(work, part), partial(work, text), MOST_TIMES), pump))
            if worst[0] >= MOST_TIMES:
                return worst
    return worst


@pytest.mark.slow
@pytest.mark.parametrize(("name", "pattern"), list(PATTERNS.values()), ids=[name for name, _ in PATTERNS.values()])
def test_time_grows_with_the_length_and_no_faster(name: str, pattern: re.Pattern[Any]) -> None:
    """Whatever text a pattern meets."""

    def work(text: str) -> None:
        subject = text if isinstance(pattern.pattern, str) else text.encode()
        for _ in pattern.finditer(subject):
            pass
        pattern.fullmatch(subject)

    ratio, pump = slowest_ratio(work)
    assert ratio < MOST_TIMES, f"{name} is slow at {pump!r}"


@pytest.mark.slow
@pytest.mark.parametrize("work", [redact, clean_text])
def test_cleaning_grows_with_the_length_and_no_faster(work: Callable[[str], str]) -> None:
    """All patterns one after the other."""
    ratio, pump = slowest_ratio(work)
    assert ratio < MOST_TIMES, pump


def test_there_are_patterns() -> None:
    """The test above is no empty one."""
    assert len(PATTERNS) > 20


@settings(deadline=2000, max_examples=100)
@given(st.text(max_size=300), st.sampled_from(PUMPS), st.integers(0, 5000))
def test_any_text_is_cleaned(text: str, pump: str, times: int) -> None:
    """It fits, whatever it is."""
    assert len(clean_text(text + pump * times).encode()) <= MAX_TEXT_BYTES


@settings(deadline=2000, max_examples=100)
@given(st.binary(max_size=2000), st.integers(100, 599), st.text(max_size=50))
def test_any_error_is_told(body: bytes, status: int, header: str) -> None:
    """An answer that is anything becomes a decision about time."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    parse_error(body)
    says_absent(status, body)
    retry_after({"Retry-After": header}, now)
    assert str(answer_failure("get_job", status, {"Retry-After": header}, body, now))


URIS: Final = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(["https", ":", "/", "//", "x", "[", "]", "@", "?", "#", "\\", ".", ":443", "%"])).map(
        "".join
    ),
)


@settings(deadline=2000, max_examples=300)
@given(URIS)
def test_any_link_is_followed_or_refused(link: str) -> None:
    """No text is more than an error."""
    with contextlib.suppress(OriginError):
        origin_of(link)
    with contextlib.suppress(Unreadable):
        Trail("quotas", "https://x.quantum.azure.com/quotas").follow(link)
    with contextlib.suppress(Unreadable):
        parse_time(link)


VALUES: Final = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(["01", "[0, 1]"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(
            st.sampled_from(["histogram", "Results", "Histogram", "Display", "Count", "c0", "counter"]), inner
        ),
    ),
    max_leaves=30,
)


@settings(deadline=2000, max_examples=100)
@given(
    st.one_of(VALUES.map(lambda value: json.dumps(value).encode()), st.binary(max_size=300)),
    st.sampled_from([*READERS]),
)
def test_any_result_is_read_or_left_out(raw: bytes, output_format: str) -> None:
    """The ConfigMap says why."""
    facts = OutputFacts("", "", "", "", "")
    found = output_data(
        facts,
        result=raw,
        omitted=None,
        output_format=output_format,
        parameters={"shots": 10},
        program=raw,
        keys=None,
    )
    assert "counts.json" in found.data or found.data["countsOmitted"] in {*Omitted}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(pairs)


@settings(deadline=2000, max_examples=300)
@given(st.one_of(VALUES.map(json.dumps), st.text(max_size=60), st.text(alphabet='[]{}",:01 tn.-e', max_size=30)))
def test_json_is_what_it_is_to_the_standard_library(text: str) -> None:
    """The reader that saves memory reads the same, and refuses the same."""
    try:
        expected = repr(json.loads(text))
    except ValueError:
        with pytest.raises(ValueError, match=r".*"):
            load(text, _pairs, float)
    else:
        assert repr(load(text, _pairs, float)) == expected


def test_a_key_that_stands_twice_is_refused_at_each_depth() -> None:
    """Also where the standard library reads."""
    for raw in (b'{"a":1,"a":2}', b'[[[[[{"a":1,"a":2}]]]]]', b'{"a":[{"b":[{"c":1,"c":1}]}]}'):
        with pytest.raises(CannotCount):
            parse(raw)


SECRETS: Final = {name: pattern for name, pattern in patterns() if name.startswith("model.redaction.")}


@pytest.mark.parametrize("name", SECRETS)
@given(data=st.data())
def test_nothing_that_is_taken_out_is_overlooked(name: str, data: st.DataObject) -> None:
    """Texts without any sign of a secret are not searched: each pattern finds only what has one."""
    # What is possessive finds as much, and hypothesis can't draw from it.
    pattern = re.compile(re.sub(r"(?<=[*+}])\+", "", SECRETS[name].pattern), SECRETS[name].flags)
    text = data.draw(st.from_regex(pattern))
    wanted = text
    for one, replacement in redaction._SECRETS:
        wanted = one.sub(replacement, wanted)
    assert redact(text) == wanted
