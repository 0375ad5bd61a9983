"""The ConfigMap's data: keys, limits, and never an exception for what a provider wrote."""

import base64
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quantumjob_operator.results import MAX_READ_BYTES, Omitted, OutputData, OutputFacts, Part, output_data
from quantumjob_operator.results.formats import READERS

FACTS = OutputFacts(
    output_uri="https://acct.blob.core.windows.net/job-1/rawOutputData",
    job_id="0b3e0000-0000-4000-8000-000000000000",
    state="Succeeded",
    provider="ionq",
    target="ionq.simulator",
)
KIB = 1024
IONQ = "ionq.quantum-results.v1"
QUANTINUUM = "honeywell.quantum-results.v1"
PASQAL = "pasqal.pulser-results.v1"
QIR = "microsoft.quantum-results.v2"


def written(facts: OutputFacts = FACTS, **changes: Any) -> OutputData:
    """The data of a job without a result, with the given changes."""
    arguments: dict[str, Any] = {
        "result": None,
        "omitted": None,
        "output_format": IONQ,
        "parameters": {"shots": 100},
        "program": b'{"qubits": 20, "circuit": []}',
        "keys": None,
    }
    return output_data(facts, **(arguments | changes))


def total(output: OutputData) -> int:
    """The bytes that Kubernetes counts, and those of the keys."""
    texts = sum(len(key.encode()) + len(value.encode()) for key, value in output.data.items())
    return texts + sum(len(key) + len(base64.b64decode(value)) for key, value in output.binary_data.items())


def test_facts_are_written_without_a_result() -> None:
    """Without a result the ConfigMap says what was run, and nothing of the result."""
    assert written() == OutputData(
        {
            "outputUri": FACTS.output_uri,
            "jobId": FACTS.job_id,
            "state": "Succeeded",
            "provider": "ionq",
            "target": "ionq.simulator",
        },
        {},
    )


def test_facts_can_be_renamed() -> None:
    """As spec.output.keys says; names that are not given stay."""
    data = written(keys={"uri": "OUTPUT_URI", "state": "outputUri"}).data
    assert data["OUTPUT_URI"] == FACTS.output_uri
    assert data["outputUri"] == "Succeeded"
    assert data["jobId"] == FACTS.job_id


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"uri": "jobId"}, id="two facts under one name"),
        pytest.param({"uri": "x", "target": "x"}, id="two new names that are one"),
        pytest.param({"uri": "counts.json"}, id="a name that the operator writes"),
        pytest.param({"uri": "countsOmitted"}, id="a name that the operator may write"),
        pytest.param({"uri": "a/b"}, id="a name that is no key"),
        pytest.param({"uri": ".."}, id="a name that is a folder"),
        pytest.param({"uri": ""}, id="an empty name"),
        pytest.param({"uri": "k" * 254}, id="a name that is too long"),
    ],
)
def test_names_that_would_lose_something_fall_back(keys: dict[str, str]) -> None:
    """The CRD refuses these; where an older one did not, every fact still gets written."""
    assert written(keys=keys) == written()


def test_no_signature_gets_in() -> None:
    """The URI in a GET answer carries a SAS; the ConfigMap never does."""
    facts = OutputFacts(f"{FACTS.output_uri}?sv=2024&sig=abc", "1", "Succeeded", "p", "t")
    assert written(facts).data["outputUri"] == FACTS.output_uri


BOTH = b'{"histogram": {"0": 1.0}}'
ALONE = {
    "counts": {"counts.json"},
    "probabilities": {"probabilities.json"},
    "result": {"result"},
}


@pytest.mark.parametrize(
    ("output_format", "raw", "include", "keys"),
    [
        *(pytest.param(IONQ, BOTH, {part}, keys, id=f"{part} alone") for part, keys in ALONE.items()),
        pytest.param(IONQ, BOTH, {"counts", "result"}, {"counts.json", "result"}, id="two parts"),
        pytest.param(IONQ, BOTH, set(), set(), id="nothing"),
        pytest.param(IONQ, b"<html>", {"counts"}, {"countsOmitted"}, id="counts that can't be made"),
        pytest.param(IONQ, b"<html>", {"probabilities"}, {"probabilitiesOmitted"}, id="probabilities likewise"),
        pytest.param(
            PASQAL, b'{"1": 5}', {"probabilities"}, {"probabilitiesOmitted"}, id="a format without probabilities"
        ),
        pytest.param(
            QUANTINUUM, b'{"c": ["01"]}', {"counts"}, {"counts.json", "registers"}, id="counts with registers"
        ),
        pytest.param(IONQ, BOTH, None, {"counts.json", "probabilities.json", "result"}, id="all, unless it is said"),
        pytest.param(PASQAL, b'{"1": 5}', None, {"counts.json", "result"}, id="all that a format has"),
    ],
)
def test_only_what_is_asked_for_goes_in(
    output_format: str, raw: bytes, include: set[str] | None, keys: set[str]
) -> None:
    """A part that was asked for by name is there, or says why it is not."""
    parts = None if include is None else frozenset(map(Part, include))
    data = written(result=raw, output_format=output_format, include=parts).data
    assert data.keys() - written().data.keys() == keys


def test_a_format_without_probabilities_says_so() -> None:
    """Nobody looks for a mistake of the provider's then."""
    data = written(result=b'{"1": 5}', output_format=PASQAL, include=frozenset({Part.PROBABILITIES})).data
    assert data["probabilitiesOmitted"] == "NotGiven"


@pytest.mark.parametrize("part", Part)
def test_what_was_not_read_is_told_of_what_was_asked_for(part: Part) -> None:
    """And of nothing else."""
    data = written(omitted=Omitted.MISSING, include=frozenset({part})).data
    assert data.keys() - written().data.keys() == {f"{part}Omitted"}


@pytest.mark.parametrize("reason", [Omitted.TOO_LARGE, Omitted.UNREADABLE, Omitted.MISSING])
def test_a_result_that_was_not_read_says_why(reason: Omitted) -> None:
    """Counts need the result, so that both keys say it."""
    data = written(omitted=reason).data
    assert data["resultOmitted"] == data["countsOmitted"] == reason
    assert "result" not in data


def test_the_result_is_kept_as_the_provider_wrote_it() -> None:
    """Byte for byte, white space and unknown fields included."""
    raw = b'{ "histogram":{"0": 1.0},\r\n\t"extra": "\xc3\xa4" }\n'
    output = written(result=raw)
    assert output.data["result"].encode() == raw
    assert output.binary_data == {}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\xff\xfe\x00", id="no UTF-8"),
        pytest.param(b'{"1": 5}\x00', id="text with a control character"),
    ],
)
def test_a_result_that_is_no_text_goes_as_binary(raw: bytes) -> None:
    """`binaryData` holds it in base64; it is not bent into text."""
    output = written(result=raw, output_format=PASQAL)
    assert base64.b64decode(output.binary_data["result"]) == raw
    assert "result" not in output.data
    assert output.data["countsOmitted"] == "Malformed"


@pytest.mark.parametrize(
    ("size", "kept"),
    [
        pytest.param(512 * KIB, True, id="just within the limit"),
        pytest.param(512 * KIB + 1, False, id="one byte beyond"),
    ],
)
def test_the_limit_of_the_result_is_measured_in_bytes(size: int, kept: bool) -> None:  # noqa: FBT001 - a table's column
    """Two-byte characters count as two; counts are made of a result that itself does not fit."""
    raw = b'{"10": 5}'
    raw += b" " * (size - len(raw) - 2) + b" \n"
    data = written(result=raw, output_format=PASQAL).data
    assert ("result" in data) is kept
    assert data.get("resultOmitted") == (None if kept else "TooLarge")
    assert data["counts.json"] == '{"01": 5}'


def test_counts_that_do_not_fit_are_left_out() -> None:
    """A histogram over 256 KiB says TooLarge, and names no registers either."""
    shots = [format(state, "020b") for state in range(20_000)]
    data = written(result=json.dumps({"c": shots}).encode(), output_format=QUANTINUUM).data
    assert data["countsOmitted"] == "TooLarge"
    assert not {"counts.json", "registers"} & set(data)
    assert "result" in data


def test_probabilities_that_do_not_fit_leave_the_counts() -> None:
    """Each has a limit of its own: few shots give few counts, however many states there are."""
    states = {str(state): 1 / 2**14 for state in range(2**14)}
    data = written(result=json.dumps({"histogram": states}).encode()).data
    assert sum(json.loads(data["counts.json"]).values()) == 100
    assert data["probabilitiesOmitted"] == "TooLarge"
    assert "probabilities.json" not in data


def test_a_result_beyond_what_is_read_has_no_counts() -> None:
    """Over 16 MiB nothing is parsed."""
    data = written(result=b'{"10": 5}' + b" " * MAX_READ_BYTES, output_format=PASQAL).data
    assert data["countsOmitted"] == data["resultOmitted"] == "TooLarge"


def test_counts_are_made_of_a_result_of_many_megabytes() -> None:
    """Between 512 KiB and 16 MiB the counts stand for the result."""
    raw = json.dumps({"c": ["01"] * 1_000_000}).encode()
    data = written(result=raw, output_format=QUANTINUUM).data
    assert data["counts.json"] == '{"01": 1000000}'
    assert data["resultOmitted"] == "TooLarge"


def test_everything_at_its_limit_stays_within_a_configmap() -> None:
    """Where all three together pass 1 MiB, the probabilities give way."""
    states = {str(2**199 + state): 1 / 1000 for state in range(1000)}
    # JSON may hold \x7f, and as binary data the result takes a third more.
    raw = json.dumps({"histogram": states, "\x7f": ""}, ensure_ascii=False).encode()
    program = b'{"qubits": 200}'
    small = written(result=raw, program=program, parameters={"shots": 10**15})
    large = written(
        OutputFacts(*(["https://x/" + "ä" * 4000] * 5)),
        result=raw + b" " * (512 * KIB - len(raw)),
        program=program,
        parameters={"shots": 10**15},
    )
    assert {"counts.json", "probabilities.json"} < set(small.data)
    assert large.data["counts.json"] == small.data["counts.json"]
    assert len(base64.b64decode(large.binary_data["result"])) == 512 * KIB
    assert large.data["probabilitiesOmitted"] == "TooLarge"
    assert total(large) <= KIB * KIB


@pytest.mark.parametrize(("length", "kept"), [(16 * KIB, True), (16 * KIB + 1, False)])
def test_the_limit_of_the_names_of_registers(length: int, *, kept: bool) -> None:
    """Counts whose registers have no names would mean nothing: both are there, or neither."""
    data = written(result=json.dumps({"r" * length: ["01", "01"]}).encode(), output_format=QUANTINUUM).data
    assert (data.get("registers") == "r" * length, "counts.json" in data) == (kept, kept)
    assert data.get("countsOmitted") == (None if kept else "TooLarge")


def test_the_same_result_gives_the_same_text() -> None:
    """Keys are sorted, so that two operators write the same ConfigMap."""
    one = written(result=b'{"11": 2, "00": 3}', output_format=PASQAL)
    other = written(result=b'{"00": 3, "11": 2}', output_format=PASQAL)
    assert one.data["counts.json"] == other.data["counts.json"] == '{"00": 3, "11": 2}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["histogram", "counter", "c", "ro", "0", "1", "01"]), inner, max_size=4)
        | inner.map(lambda value: {"DataFormat": QIR, "Results": [{"Histogram": value}]})
        | inner.map(lambda value: {"DataFormat": QIR, "Results": [{"Histogram": [{"Display": value, "Count": 1}]}]})
    ),
    max_leaves=12,
)
RESULTS = st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode())


@example(b"[" * 200_000, IONQ, None, b"")
@example(b'{"":' * 200_000, QIR, {"shots": 10**400}, b"[" * 200_000)
@example(b'{"c": ["0"], "\\ud800": ["1"]}', QUANTINUUM, None, None)
@example(
    b'{"DataFormat":"' + QIR.encode() + b'","Results":[{"Histogram":[{"Display":"\\ud800","Count":1}]}]}', QIR, {}, b""
)
@given(RESULTS, st.sampled_from([*READERS, "", "x.v1"]), st.none() | st.dictionaries(st.just("shots"), JSON), RESULTS)
def test_garbage_in_never_raises(
    result: bytes, output_format: str, parameters: dict[str, Any] | None, program: bytes | None
) -> None:
    """Whatever comes back, the job can be completed: strings of bounded size that an API server takes."""
    output = written(result=result, output_format=output_format, parameters=parameters, program=program)
    assert total(output) <= KIB * KIB
    assert all(type(value) is str for value in (*output.data.values(), *output.binary_data.values()))
    assert ("counts.json" in output.data) != ("countsOmitted" in output.data)
    assert json.loads(output.data.get("counts.json", "{}")) is not None
    stored = output.data.get("result", "").encode() or base64.b64decode(output.binary_data.get("result", ""))
    assert stored == result or "resultOmitted" in output.data


@given(st.builds(OutputFacts, *[st.text(st.characters(), max_size=3000)] * 5), st.dictionaries(st.text(), st.text()))
def test_any_facts_and_names_are_survived(facts: OutputFacts, keys: dict[str, str]) -> None:
    """Facts come from outside as well."""
    output = written(facts, keys=keys)
    assert len(output.data) == 5
    assert total(output) <= 5 * 2 * KIB + 5 * 253
