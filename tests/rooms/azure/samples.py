"""Values that the tests of the workspace share: one workspace, one job, and secrets that must never show."""

from typing import Any, Final

from quantumjob_operator.azure.client import ProgramLocation
from quantumjob_operator.azure.wire import JobDefinition

SUBSCRIPTION: Final = "11111111-2222-3333-4444-555555555555"
RESOURCE_ID: Final = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/research-rg/providers/Microsoft.Quantum/workspaces/research-ws"
)
JOB_ID: Final = "0b3e0000-aaaa-4bbb-8ccc-0123456789ab"
KEY: Final = "Zm9yLXRlc3RzLW9ubHktbm90LWEtcmVhbC1rZXk"
TOKEN: Final = "t0ken-for-tests-only-abcdefghijklmnop"
SIGNATURE: Final = "c2lnbmF0dXJlLWZvci10ZXN0cw"
SAS: Final = f"sv=2026-01-01&sr=c&sp=rcw&se=2027-01-01T00%3A00%3A00Z&sig={SIGNATURE}%3D"

DEFINITION: Final = JobDefinition(
    job_id=JOB_ID,
    name="bell",
    provider="ionq",
    target="ionq.simulator",
    input_format="ionq.circuit.v1",
    output_format="ionq.quantum-results.v1",
    parameters={"shots": 100},
    metadata={},
    priority=None,
    tags=(),
    session_id=None,
)
LOCATION: Final = ProgramLocation(
    container_uri_with_sas=f"https://acct.blob.core.windows.net/job-{JOB_ID}?{SAS}",
    input_uri=f"https://acct.blob.core.windows.net/job-{JOB_ID}/inputData",
)


def job(**fields: Any) -> dict[str, Any]:
    """A job as the service shows one that waits; fields by their names on the wire."""
    return {
        "id": JOB_ID,
        "name": "bell",
        "status": "Waiting",
        "providerId": "ionq",
        "target": "ionq.simulator",
        "creationTime": "2026-11-22T11:59:00.1234567Z",
        "beginExecutionTime": None,
        "errorData": None,
        "metadata": None,
        "quantumComputingData": {"count": 1},
        **fields,
    }
