"""The functions that a QIR program may call: what each takes, and what it counts as."""

from collections.abc import Mapping
from typing import Final

from quantumjob_operator.costs.gates import Gates

QUBIT, RESULT, LABEL, DOUBLE, WHOLE, BOOL = "QRLDIB"
POINTERS: Final[Mapping[str, str]] = {QUBIT: "%Qubit", RESULT: "%Result", LABEL: "i8"}
VALUES: Final[Mapping[str, str]] = {DOUBLE: "double", WHOLE: "i64", BOOL: "i1"}

_ONE: Final = Gates(one=1)
_GATES: Final[Mapping[str, tuple[str, Gates]]] = {
    **dict.fromkeys(("h", "x", "y", "z", "s", "t", "sx"), ("Q", _ONE)),
    **dict.fromkeys(("rx", "ry", "rz"), ("DQ", _ONE)),
    **dict.fromkeys(("cx", "cnot"), ("QQ", Gates(two=1))),
    **dict.fromkeys(("cy", "cz"), ("QQ", Gates(one=2, two=1))),
    "swap": ("QQ", Gates(two=3)),
    "rzz": ("DQQ", Gates(one=1, two=2)),
    **dict.fromkeys(("rxx", "ryy"), ("DQQ", Gates(one=6, two=2))),
    "ccx": ("QQQ", Gates(one=9, two=6)),
    **dict.fromkeys(("m", "mz"), ("QR", Gates(measured=1))),
    "mresetz": ("QR", Gates(measured=2)),
    "reset": ("Q", Gates(measured=1)),
    "barrier": ("", Gates()),
}
FUNCTIONS: Final[Mapping[str, tuple[str, Gates]]] = {
    **{f"@__quantum__qis__{name}__body": entry for name, entry in _GATES.items()},
    **dict.fromkeys((f"@__quantum__qis__{name}__adj" for name in ("s", "t", "sx")), ("Q", _ONE)),
    "@__quantum__rt__initialize": ("L", Gates()),
    "@__quantum__rt__array_record_output": ("IL", Gates()),
    "@__quantum__rt__tuple_record_output": ("IL", Gates()),
    "@__quantum__rt__result_record_output": ("RL", Gates()),
    "@__quantum__rt__int_record_output": ("IL", Gates()),
    "@__quantum__rt__bool_record_output": ("BL", Gates()),
    "@__quantum__rt__double_record_output": ("DL", Gates()),
}
"""By name: the kinds of its operands, and the count. A gate that only some machines have counts as what the library of
OpenQASM makes of it (`openqasm`): a machine that lacks it is billed so, and the others less."""
