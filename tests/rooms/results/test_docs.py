"""The examples of docs/results.md are what the operator writes."""

import re
from pathlib import Path

import pytest
import yaml

from quantumjob_operator.results import Omitted, OutputFacts, output_data
from quantumjob_operator.results.formats import READERS

PAGE = (Path(__file__).parents[3] / "docs" / "results.md").read_text()
EXAMPLE = re.compile(r"^### (\S+)$.*?^```json\n(.*?)^```\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("output_format", "result", "expected"),
    [pytest.param(*match.groups(), id=match[1]) for match in EXAMPLE.finditer(PAGE)],
)
def test_an_example_is_what_is_written(output_format: str, result: str, expected: str) -> None:
    """A reader who runs the example finds these keys, and besides them only facts and the result itself."""
    data = output_data(
        OutputFacts("u", "j", "Succeeded", "p", "t"),
        result=result.encode(),
        omitted=None,
        output_format=output_format,
        parameters={"shots": 100},
        program=b'{"qubits": 3}',
        keys=None,
    ).data
    facts = {"outputUri", "jobId", "state", "provider", "target", "result"}
    assert {key: value for key, value in data.items() if key not in facts} == yaml.safe_load(expected)


def test_every_format_has_an_example() -> None:
    """A format that is read is a format that is documented."""
    assert {match[1] for match in EXAMPLE.finditer(PAGE)} == set(READERS)


@pytest.mark.parametrize("reason", Omitted)
def test_every_reason_is_explained(reason: Omitted) -> None:
    """A user who finds a reason in a ConfigMap finds its meaning here."""
    assert f"| `{reason}` |" in PAGE
