"""Results as each provider writes them, and what is written of one."""

import json
from typing import Any, Final

from quantumjob_operator.results import OutputData, OutputFacts, output_data

FACTS: Final = OutputFacts("https://acct.blob.core.windows.net/job-1/rawOutputData", "1", "Succeeded", "p", "t")
IONQ: Final = "ionq.quantum-results.v1"
QUANTINUUM: Final = "honeywell.quantum-results.v1"
RIGETTI: Final = "rigetti.quil-results.v1"
PASQAL: Final = "pasqal.pulser-results.v1"
QIR: Final = "microsoft.quantum-results.v2"
QIR_V1: Final = "microsoft.quantum-results.v1"
CIRCUIT: Final = b'{"qubits": 3, "circuit": [{"gate": "x", "target": 0}]}'


def written(output_format: str, document: Any, *, shots: Any = 10, program: bytes | None = CIRCUIT) -> OutputData:
    """What is written for a result; a string is the result's text, anything else is dumped first."""
    text = document if isinstance(document, str) else json.dumps(document)
    return output_data(
        FACTS,
        result=text.encode(errors="surrogatepass"),
        omitted=None,
        output_format=output_format,
        parameters={"shots": shots} if shots is not None else None,
        program=program,
        keys=None,
    )


def qir(*histogram: tuple[str, int], **extra: Any) -> dict[str, Any]:
    """A result of a QIR program with these displays and counts."""
    entries = [{"Outcome": None, "Display": display, "Count": count} for display, count in histogram]
    return {"DataFormat": QIR, "Results": [{"Histogram": entries, "Shots": []}], **extra}
