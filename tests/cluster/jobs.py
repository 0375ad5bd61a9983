"""Manifests of the jobs that the cluster tests apply: values only."""

import base64
import json
from typing import Any, Final

from pyqir import Context, Module

from localstack.manifests import Manifest

BELL: Final = json.dumps(
    {"qubits": 2, "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]}
)
X_ON_FIRST: Final = json.dumps({"qubits": 3, "circuit": [{"gate": "x", "target": 0}]})
QASM_HEADER: Final = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n'
GHZ_QASM: Final = QASM_HEADER + "h q[0];\ncx q[0],q[1];\ncx q[1],q[2];\nmeasure q -> c;\n"
X_ON_FIRST_QASM: Final = QASM_HEADER + "x q[0];\nmeasure q -> c;\n"
UNPARSABLE_QASM: Final = QASM_HEADER + "cx q[0] q[1];\nmeasure q -> c;\n"
SHOTS: Final = 100


def ionq(name: str, source: str = BELL, **spec: Any) -> Manifest:
    """A job for IonQ's simulator: a Bell pair unless another program is given; `spec` adds and replaces fields."""
    program = {"format": "ionq.circuit.v1", "source": source}
    return job(name, provider="ionq", target="ionq.simulator", program=program, **spec)


def quantinuum(name: str, source: str = GHZ_QASM, **spec: Any) -> Manifest:
    """A job for Quantinuum's emulator: a GHZ state unless another program is given."""
    program = {"format": "honeywell.openqasm.v1", "source": source}
    return job(name, provider="quantinuum", target="quantinuum.sim.h2-1e", program=program, **spec)


def qir(name: str, source: str, **spec: Any) -> Manifest:
    """A job that runs LLVM text at Rigetti's simulator."""
    program = {"format": "qir.v1", "source": source}
    return job(name, provider="rigetti", target="rigetti.sim.qvm", program=program, **spec)


def job(name: str, **spec: Any) -> Manifest:
    """A QuantumJob of 100 shots, unless `parameters` says otherwise; a field that is None is left out."""
    wanted = {"parameters": {"shots": SHOTS}, **spec}
    return {
        "apiVersion": "quantumjobs.dev/v1alpha1",
        "kind": "QuantumJob",
        "metadata": {"name": name},
        "spec": {field: value for field, value in wanted.items() if value is not None},
    }


def config_map(name: str, data: dict[str, str] | None = None, *, binary: dict[str, str] | None = None) -> Manifest:
    """A ConfigMap with text, and with base64."""
    contents = {"data": data or {}, "binaryData": binary or {}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **contents}


def secret(name: str, data: dict[str, str], *, kind: str = "Opaque", labels: dict[str, str] | None = None) -> Manifest:
    """A Secret of a type."""
    metadata = {"name": name, "labels": labels or {}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "stringData": data}


def qir_that_flips_the_first() -> str:
    """X on qubit 0 of 3 as Qiskit would write it: the highest index is recorded first."""
    measured = "".join(f"  call void @__quantum__qis__mz__body({_qubit(i)}, {_result(i)})\n" for i in range(3))
    recorded = "".join(
        f"  call void @__quantum__rt__result_record_output({_result(i)}, i8* null)\n" for i in reversed(range(3))
    )
    return f"""%Result = type opaque
%Qubit = type opaque

define i64 @ENTRYPOINT__main() #0 {{
entry:
  call void @__quantum__rt__initialize(i8* null)
  call void @__quantum__qis__x__body({_qubit(0)})
{measured}  call void @__quantum__rt__array_record_output(i64 3, i8* null)
{recorded}  ret i64 0
}}

declare void @__quantum__rt__initialize(i8*)
declare void @__quantum__qis__x__body(%Qubit*)
declare void @__quantum__qis__mz__body(%Qubit*, %Result*) #1
declare void @__quantum__rt__array_record_output(i64, i8*)
declare void @__quantum__rt__result_record_output(%Result*, i8*)

attributes #0 = {{ "entry_point" "output_labeling_schema" "qir_profiles"="base_profile" \
"required_num_qubits"="3" "required_num_results"="3" }}
attributes #1 = {{ "irreversible" }}

!llvm.module.flags = !{{!0, !1, !2, !3}}
!0 = !{{i32 1, !"qir_major_version", i32 1}}
!1 = !{{i32 7, !"qir_minor_version", i32 0}}
!2 = !{{i32 1, !"dynamic_qubit_management", i1 false}}
!3 = !{{i32 1, !"dynamic_result_management", i1 false}}
"""


def bitcode(text: str) -> str:
    """The same program as LLVM's bitcode, in base64."""
    return base64.b64encode(Module.from_ir(Context(), text).bitcode).decode()


def _qubit(index: int) -> str:
    return f"%Qubit* inttoptr (i64 {index} to %Qubit*)"


def _result(index: int) -> str:
    return f"%Result* inttoptr (i64 {index} to %Result*)"
