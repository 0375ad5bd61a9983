"""The functions of the quantum runtime that a program may call, and what may stand in each place of a call.

qirrunner binds a declaration to native code by its name alone: with other types, or an address where the number of a
qubit belongs, that code would take what it is given for something else. Functions that work on memory (arrays, strings,
tuples, callables, reference counts) are left out; no target profile that is run here needs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

PREFIX: Final = "__quantum__"


class Kind(Enum):
    """What an argument is."""

    QUBIT = "q"
    RESULT = "r"
    LABEL = "l"
    INT = "i"
    DOUBLE = "d"
    BOOL = "b"


@dataclass(frozen=True, slots=True)
class RuntimeFunction:
    """One function of the runtime.

    Attributes:
        returns: LLVM's name of the type that it returns.
        arguments: What stands in each place.
    """

    returns: str
    arguments: tuple[Kind, ...]


_GATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "q": "h__body s__adj s__body sx__body t__adj t__body x__body y__body z__body reset__body",
        "qq": "cnot__body cx__body cy__body cz__body swap__body",
        "qqq": "ccx__body",
        "dq": "rx__body ry__body rz__body",
        "dqq": "rxx__body ryy__body rzz__body",
        "qr": "m__body mz__body mresetz__body",
    }
)
_OUTPUT: Final[Mapping[str, str]] = MappingProxyType(
    {"array": "il", "tuple": "il", "result": "rl", "int": "il", "double": "dl", "bool": "bl"}
)


def _function(returns: str, kinds: str) -> RuntimeFunction:
    return RuntimeFunction(returns, tuple(map(Kind, kinds)))


RUNTIME: Final[Mapping[str, RuntimeFunction]] = MappingProxyType(
    {
        **{
            f"{PREFIX}qis__{name}": _function("void", kinds)
            for kinds, names in _GATES.items()
            for name in names.split()
        },
        **{f"{PREFIX}rt__{name}_record_output": _function("void", kinds) for name, kinds in _OUTPUT.items()},
        f"{PREFIX}rt__initialize": _function("void", "l"),
        f"{PREFIX}rt__read_result": _function("i1", "r"),
        f"{PREFIX}qis__read_result__body": _function("i1", "r"),
    }
)
"""By their names."""
