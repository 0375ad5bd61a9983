"""The compilers, in a process of their own: qsharp has one interpreter for each, and to begin anew empties it.

Run as a program: reads lines of JSON, `[kind, profile, source]`, and answers each with the QIR as a line of JSON.
"""

import json
import sys

from qdk import openqasm, qsharp
from qiskit import QuantumCircuit
from qsharp import TargetProfile
from qsharp.interop.qiskit import QSharpBackend


def compiled(kind: str, profile: str, source: str) -> str:
    """The QIR of a program; Qiskit's is made here, as a circuit."""
    target = getattr(TargetProfile, profile)
    if kind == "qiskit":
        return str(QSharpBackend(target_profile=target, skip_transpilation=True).qir(_circuit()))
    if kind == "openqasm":
        return str(openqasm.compile(source, target_profile=target))
    qsharp.init(target_profile=target)
    return str(qsharp.compile(source))


def _circuit() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.barrier()
    circuit.rz(0.5, 2)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(compiled(*json.loads(line))) + "\n")
        sys.stdout.flush()
