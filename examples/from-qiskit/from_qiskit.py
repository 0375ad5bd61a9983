"""Builds a GHZ circuit in Qiskit and prints a QuantumJob that runs it: `python from_qiskit.py | kubectl apply -f -`."""

import json

from qiskit import QuantumCircuit, qasm2, transpile

circuit = QuantumCircuit(3)
circuit.h(0)
circuit.cx([0, 1], [1, 2])
circuit.measure_all()  # transpiled, since qasm2 names other gates by their addresses in memory
plain = transpile(circuit, basis_gates=["h", "x", "rx", "ry", "rz", "cx"], seed_transpiler=1)
program = {"format": "honeywell.openqasm.v1", "source": qasm2.dumps(plain)}
spec = {"provider": "quantinuum", "target": "quantinuum.sim.h2-1e", "parameters": {"shots": 100}, "program": program}
head = {"apiVersion": "quantumjobs.dev/v1alpha1", "kind": "QuantumJob", "metadata": {"name": "from-qiskit"}}
print(json.dumps(head | {"spec": spec}, indent=2))
