"""Collects every word of the operator's code that can become the reason of a condition or of an Event.

By looking at the text of the code: each CamelCase literal counts, unless it stands where nothing can emit it. So no
reason is overlooked however it gets to its condition; what is left over is named in `NO_REASONS`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

OPERATOR: Final = Path(__file__).resolve().parents[2] / "operator" / "quantumjob_operator"
# They speak with Azure Quantum, of a result or of gates: their words stand in messages and keys.
_FOREIGN: Final = ("results", "azure", "costs")
# Of azure/, these say why there is no client.
_EMITTING: Final = frozenset({"connections.py", "credentials.py"})
_CAMEL_CASE: Final = re.compile(r"[A-Z]+[a-z]+[A-Za-z]*")
# Enumerations whose values become reasons; those of all others are words of the code.
_SPOKEN: Final = frozenset({"State", "Sighting"})

NO_REASONS: Final = {
    "a status of a condition": {"True", "False", "Unknown"},
    "a type of condition": {"Ready", "Finished", "Counting", "Exceeded", "Unconfirmed"},
    "a type of Event": {"Normal", "Warning"},
    "a kind or an object of Kubernetes": {"ConfigMap", "Event", "Lease", "Namespace", "TokenRequest", "BearerToken"},
    "a question to the API server": {"SelfSubjectAccessReview", "SelfSubjectReview"},
    "how the kind of a list ends": {"List"},
    "a kind of ours": {"QuantumJob", "QuantumWorkspace", "QuantumBudget"},
    "a reason of the API server, for the log": {
        "NoConfiguration",
        "Unexpected",
        "Unreadable",
        "Conflict",
        "NotFound",
        "Dropped",
        "TooLong",
    },
    "a value in a spec": {"Cancel", "In", "NotIn", "Same", "Standard"},
    "a value in a budget's spec": {"Day", "Month", "Quarter", "Year", "Together", "Hold", "Reject"},
    "what a reservation rests on": {"Estimate", "MaxCost", "Free", "Claimed"},
    "a state that conditions explain otherwise": {"Pending"},
    "a code of the service": {"InternalError", "PartnerCallFailed", "ProviderTimeout", "TransientFailure"},
    "a label of a metric, for what nobody has looked at": {"NotSeenYet"},
    "trouble with an object that has gone or has ended, which nobody writes": {"NotNeeded"},
}


def literals() -> frozenset[str]:
    """Every CamelCase literal of the operator that could be emitted."""
    return frozenset(
        word
        for file in OPERATOR.rglob("*.py")
        if file.relative_to(OPERATOR).parts[0] not in _FOREIGN or file.name in _EMITTING
        for word in _words(ast.parse(file.read_text()))
    )


def _words(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)) if _CAMEL_CASE.fullmatch(text):
            yield text
        case ast.Compare() | ast.Expr(value=ast.Constant()) | ast.Subscript(value=ast.Name(id="Literal")):
            return
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return
        case ast.ClassDef(bases=[ast.Name(id="StrEnum")], name=name) if name not in _SPOKEN:
            return
        case ast.Dict(values=values):
            for value in values:
                yield from _words(value)
        case _:
            for child in _children(node):
                yield from _words(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """What a node consists of, without types, which can be written as text."""
    for name, value in ast.iter_fields(node):
        if name not in {"annotation", "returns"}:
            yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST))
