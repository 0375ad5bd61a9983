"""Programs that the tests of the client submit: values only."""

import json
from typing import Final

BELL_IONQ: Final = json.dumps(
    {"qubits": 2, "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]}
)
OPENQASM_3: Final = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
OPENQASM_2: Final = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
BELL_QASM: Final = OPENQASM_3 + "qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;\n"
ROTATED_QASM: Final = OPENQASM_3 + "input float theta; qubit[1] q; bit[1] c; rx(theta) q[0]; c[0] = measure q[0];\n"
UNKNOWN_WORD: Final = json.dumps({"qubits": 1, "circuit": [{"gate": "no-such-gate", "target": 0}]})
SIMULATOR: Final = "ionq.simulator"
