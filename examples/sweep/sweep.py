"""Prints 20 QuantumJobs, each with one angle of a rotation between 0 and pi: `python sweep.py | kubectl apply -f -`."""

import json
import math

STEPS = 20


def job(step: int) -> dict[str, object]:
    """The job of one angle: labelled itself, and so is its output."""
    angle = math.pi * step / (STEPS - 1)
    labels = {"sweep": "ry", "step": f"{step:02}", "angle": f"{angle:.4f}"}
    circuit = {"qubits": 1, "circuit": [{"gate": "ry", "rotation": angle, "target": 0}]}
    spec = {
        "provider": "ionq",
        "target": "ionq.simulator",
        "parameters": {"shots": 1000},
        "program": {"format": "ionq.circuit.v1", "source": json.dumps(circuit)},
        "output": {"labels": labels},
    }
    metadata = {"name": f"sweep-{step:02}", "labels": labels}
    return {"apiVersion": "quantumjobs.dev/v1alpha1", "kind": "QuantumJob", "metadata": metadata, "spec": spec}


print(json.dumps({"apiVersion": "v1", "kind": "List", "items": [job(step) for step in range(STEPS)]}, indent=2))
