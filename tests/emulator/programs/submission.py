"""Programs for the tests, and how they are handed over: the public call, and a format's simulator in this process."""

import json
import os
from typing import Any

from workspace_emulator.programs import Limits, ProgramError, ProgramRequest, run_program
from workspace_emulator.programs.task import Task

IONQ = "ionq.circuit.v1"
QASM = "honeywell.openqasm.v1"
QIR = "qir.v1"
QUIL = "rigetti.quil.v1"
PULSER = "pasqal.pulser.v1"

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'

_OUTPUTS = {
    IONQ: "ionq.quantum-results.v1",
    QASM: "honeywell.quantum-results.v1",
    QIR: "microsoft.quantum-results.v2",
    QUIL: "rigetti.quil-results.v1",
    PULSER: "pasqal.pulser-results.v1",
}
_TARGETS = {
    IONQ: "ionq.simulator",
    QASM: "quantinuum.sim.h2-1e",
    QIR: "rigetti.sim.qvm",
    QUIL: "rigetti.sim.qvm",
    PULSER: "pasqal.sim.emu-free",
}


def request(
    input_format: str,
    program: str | bytes | dict[str, Any],
    *,
    seed: int | None = 1,
    target: str | None = None,
    output_format: str | None = None,
    profile: str | None = None,
    **parameters: Any,
) -> ProgramRequest:
    """Build the request of one job; a dictionary is sent as JSON."""
    if isinstance(program, dict):
        program = json.dumps(program)
    target = target or _TARGETS.get(input_format, "somebody.else")
    return ProgramRequest(
        input_format=input_format,
        output_format=output_format or _OUTPUTS.get(input_format, "some-results.v1"),
        program=program.encode() if isinstance(program, str) else program,
        parameters=parameters,
        provider=target.split(".", 1)[0],
        target=target,
        profile=profile,
        seed=seed,
    )


async def result_of(wanted: ProgramRequest, limits: Limits | None = None) -> Any:
    """Run it as the emulator does and return the result's JSON."""
    output = await (run_program(wanted, limits=limits) if limits else run_program(wanted))
    return json.loads(output.body)


async def error_of(wanted: ProgramRequest, limits: Limits | None = None) -> ProgramError:
    """Run it as the emulator does and return how it failed."""
    try:
        result = await result_of(wanted, limits)
    except ProgramError as error:
        return error
    raise AssertionError(f"the program ran: {result}")


def task(input_format: str, program: str | bytes | dict[str, Any], **changes: Any) -> Task:
    """Return what the process of a job would read, to call a format's simulator without one."""
    text = json.dumps(program) if isinstance(program, dict) else program
    text = text if isinstance(text, bytes) else text.encode()
    values: dict[str, Any] = {
        "input_format": input_format,
        "program": text,
        "target": _TARGETS[input_format],
        "shots": 10,
        "seed": 1,
        "limits": Limits(),
        "output_format": _OUTPUTS[input_format],
        "entry_points": None,
        "profiles": [None, None],
        "substitutions": None,
        "parent": os.getppid(),
    }
    return Task(**{**values, **changes})


def qir(body: str, extra: str = "", *, profile: str = "base_profile", qubits: int = 3, results: int = 3) -> str:
    """Return a QIR module in LLVM text whose entry point has this body."""
    numbers = f'"required_num_qubits"="{qubits}" "required_num_results"="{results}"'
    return f"""
%Result = type opaque
%Qubit = type opaque
@label = internal constant [2 x i8] c"a\\00"
define void @ENTRYPOINT__main() #0 {{
entry:
  {body}
  ret void
}}
declare void @__quantum__qis__x__body(%Qubit*)
declare void @__quantum__qis__h__body(%Qubit*)
declare void @__quantum__qis__cx__body(%Qubit*, %Qubit*)
declare void @__quantum__qis__mz__body(%Qubit*, %Result*)
declare i1 @__quantum__rt__read_result(%Result*)
declare void @__quantum__rt__array_record_output(i64, i8*)
declare void @__quantum__rt__tuple_record_output(i64, i8*)
declare void @__quantum__rt__int_record_output(i64, i8*)
declare void @__quantum__rt__double_record_output(double, i8*)
declare void @__quantum__rt__bool_record_output(i1, i8*)
declare void @__quantum__rt__result_record_output(%Result*, i8*)
{extra}
attributes #0 = {{ "entry_point" "qir_profiles"="{profile}" {numbers} }}
"""


def qubit(index: int) -> str:
    """Return a qubit as an argument of a QIR call."""
    return f"%Qubit* inttoptr (i64 {index} to %Qubit*)"


def outcome(index: int) -> str:
    """Return a result as an argument of a QIR call."""
    return f"%Result* inttoptr (i64 {index} to %Result*)"


def call(name: str, *arguments: str) -> str:
    """Return a call of a QIR function that returns nothing."""
    return f"call void @__quantum__{name}({', '.join(arguments)})"


def record(kind: str, value: str) -> str:
    """Return the call that records one piece of output."""
    return call(
        f"rt__{kind}_record_output", value, "i8* getelementptr inbounds ([2 x i8], [2 x i8]* @label, i64 0, i64 0)"
    )


def measured(*qubits: int, order: tuple[int, ...] | None = None) -> str:
    """Return the calls that measure these qubits into results of the same number, and record them as one array."""
    order = qubits if order is None else order
    measurements = [call("qis__mz__body", qubit(index), outcome(index)) for index in qubits]
    records = [record("result", outcome(index)) for index in order]
    return "\n".join([*measurements, record("array", f"i64 {len(order)}"), *records])


X_ON_0 = call("qis__x__body", qubit(0))
BELL = "\n".join([call("qis__h__body", qubit(0)), call("qis__cx__body", qubit(0), qubit(1))])
