"""Q# to QIR. The order of bits is the program's own; nothing else can be told to the compiler.

Each program is compiled in a context of its own, so that nothing of another one is left in it.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from quantumjobs import extras
from quantumjobs.errors import ProgramError
from quantumjobs.programs.openqasm import hint, said

_OPERATION: Final = re.compile(r"\boperation\s+(\w+)\s*\(([^)]*)\)")
_MAIN: Final = "Main"


def to_qir(text: str, profile: str, *, entry: str | None, parameters: Mapping[str, Any]) -> str:
    """Compile Q#.

    Args:
        text: The source.
        profile: Of the QIR.
        entry: An operation, or a whole call such as `Prog(0.25)`; `Main`, or the only operation, if None.
        parameters: Values of the operation's parameters, by name.

    Raises:
        ProgramError: The compiler refuses it, or the parameters do not fit.
    """
    qdk = extras.load("qdk", "qsharp")
    call = entry if entry and "(" in entry else _call(text, entry, parameters)
    try:
        context = qdk.Context(target_profile=getattr(qdk.TargetProfile, profile))
        context.eval(text)
        return str(context.compile(call))
    except Exception as error:
        raise ProgramError(f"{said(error)}{hint(str(error), profile)}") from error


def _call(text: str, entry: str | None, parameters: Mapping[str, Any]) -> str:
    operations = dict(_OPERATION.findall(text))
    if not operations:
        raise ProgramError("this Q# has no operation")
    name = entry or (_MAIN if _MAIN in operations else next(iter(operations)) if len(operations) == 1 else "")
    if not name:
        raise ProgramError(f"which operation is meant? Say it as the entry: {', '.join(operations)}")
    if name not in operations:
        raise ProgramError(f"there is no operation {name}: there are {', '.join(operations)}")
    wanted = [part.split(":") for part in operations[name].split(",") if part.strip()]
    names = [part[0].strip() for part in wanted]
    if set(names) != set(parameters):
        raise ProgramError(
            f"{name} takes {', '.join(names) or 'no parameters'}, and was given {', '.join(parameters) or 'none'}"
        )
    values = [_literal(parameters[part[0].strip()], part[-1].strip()) for part in wanted]
    return f"{name}({', '.join(values)})"


def _literal(value: Any, kind: str) -> str:
    """A value as Q# writes it."""
    if kind == "Double":
        return repr(float(value))
    if kind in {"Int", "Bool"}:
        return json.dumps(value)
    raise ProgramError(f"a parameter of the type {kind} cannot be given here: write the whole call as the entry")
