"""QIR programs as compilers write them, and what LLVM finds in them."""

from typing import Final

from pyqir import Call, Context, Module, is_entry_point, required_num_qubits

from quantumjob_operator.costs import qir
from quantumjob_operator.costs.gates import Gates
from quantumjob_operator.costs.qir.functions import FUNCTIONS, QUBIT
from quantumjob_operator.programs import entry_points

HEAD: Final = r"""; ModuleID = 'main'
source_filename = "main"

%Result = type opaque
%Qubit = type opaque

@0 = internal constant [4 x i8] c"0_a\00"

"""
BODY: Final = """  call void @__quantum__rt__initialize(i8* null)
  call void @__quantum__qis__h__body(%Qubit* null)
  call void @__quantum__qis__cx__body(%Qubit* null, %Qubit* inttoptr (i64 1 to %Qubit*))
  call void @__quantum__qis__cx__body(%Qubit* inttoptr (i64 1 to %Qubit*), %Qubit* nonnull inttoptr (i64 2 to %Qubit*))
  br label %read

read:                                             ; preds = %entry
  call void @__quantum__qis__mz__body(%Qubit* null, %Result* writeonly null) #1
  call void @__quantum__qis__mz__body(%Qubit* inttoptr (i64 1 to %Qubit*), %Result* inttoptr (i64 1 to %Result*)) #1
  call void @__quantum__qis__mz__body(%Qubit* inttoptr (i64 2 to %Qubit*), %Result* inttoptr (i64 2 to %Result*)) #1
  call void @__quantum__rt__array_record_output(i64 3,
    i8* getelementptr inbounds ([4 x i8], [4 x i8]* @0, i64 0, i64 0))
  ret void
"""
TAIL: Final = """
declare void @__quantum__rt__initialize(i8*)
declare void @__quantum__qis__h__body(%Qubit*)
declare void @__quantum__qis__cx__body(%Qubit*, %Qubit*)
declare void @__quantum__qis__mz__body(%Qubit*, %Result* writeonly) #1
declare void @__quantum__rt__array_record_output(i64, i8*)

attributes #0 = { "entry_point" "qir_profiles"="base_profile" "required_num_qubits"="3" }
attributes #1 = { "irreversible" }

!llvm.module.flags = !{!0, !1}

!0 = !{i32 1, !"qir_major_version", i32 1}
!1 = !{i32 1, !"dynamic_qubit_management", i1 false}
"""
GHZ: Final = f"{HEAD}define void @main() #0 {{\nentry:\n{BODY}}}\n{TAIL}"
"""Three qubits: one gate on one of them, two on two, three measurements."""
OPAQUE: Final = (
    GHZ.replace("%Qubit = type opaque\n", "")
    .replace("%Result = type opaque\n", "")
    .replace("getelementptr inbounds ([4 x i8], [4 x i8]* @0, i64 0, i64 0)", "@0")
    .replace("%Qubit*", "ptr")
    .replace("%Result*", "ptr")
    .replace("i8*", "ptr")
)
"""The same as LLVM has printed it since pointers have no type."""


def judged(program: str) -> Gates:
    """What LLVM finds in a program: its calls, and the qubits that they name or that are asked for.

    Raises:
        ValueError: LLVM refuses it.
    """
    module = Module.from_ir(Context(), program)
    (entry,) = [function for function in module.functions if is_entry_point(function)]
    qubits, total = set[str](), Gates()
    for block in entry.basic_blocks:
        for call in block.instructions:
            if isinstance(call, Call):
                kinds, counts = FUNCTIONS[f"@{call.callee.name}"]
                total += counts
                qubits |= {str(one) for one, kind in zip(call.args, kinds, strict=True) if kind == QUBIT}
    return total + Gates(measured=max(len(qubits), required_num_qubits(entry) or 0))


def assert_counted(program: str, want: Gates) -> None:
    """As its compiler wrote it and as LLVM prints it, under the name that the job is sent with; LLVM agrees."""
    (entry,) = entry_points(program.encode())
    printed = str(Module.from_ir(Context(), program))
    assert qir.count(program.encode(), entry) == qir.count(printed.encode(), entry) == want == judged(program)
