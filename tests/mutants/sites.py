"""Where the core can be broken at random, and how: cosmic-ray's operators, and three that its code asks for.

Left alone are places that decide nothing (annotations, arguments of decorators, the log), and swaps of `is` and `==`,
which mean the same for enums and None. Must not live here: which of the sites are drawn (`drawn`).
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeGuard

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.operators.provider import OperatorProvider

Position = tuple[int, int]

_SAME_FOR_SINGLETONS: Final = ("_Is_Eq", "_Eq_Is", "_IsNot_NotEq", "_NotEq_IsNot")
_WITH_ARGUMENTS: Final = frozenset({"VariableReplacer", "VariableInserter"})
_LOG: Final = "_log."


class DropKeyword(Operator):  # type: ignore[misc]  # cosmic-ray ships no types
    """Leaves a keyword argument out of a call: the default takes its place, or what stood there before."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Position, Position]]:
        """One for each keyword argument."""
        for each in self._arguments(node):
            yield each.start_pos, each.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Take it out together with a comma."""
        gone = self._arguments(node)[index]
        if node.type == "trailer":
            node.children.remove(gone)
            return node
        at = node.children.index(gone)
        del node.children[at : at + 2]
        return node

    @staticmethod
    def _arguments(node: Any) -> list[Any]:
        if node.type == "trailer" and node.children[0].value == "(":
            return [each for each in node.children[1:2] if _is_keyword(each)]
        return [each for each in node.children if _is_keyword(each)] if node.type == "arglist" else []

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """What it does, for its test."""
        return (
            Example("f(a, b=1, c=2)", "f(a, c=2)"),
            Example("f(a, b=1, c=2)", "f(a, b=1,)", occurrence=1),
            Example("f(b=1)", "f()"),
        )


class DropStatement(Operator):  # type: ignore[misc]
    """Leaves out a call, or a change of something that existed before."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Position, Position]]:
        """At most one."""
        if node.type == "simple_stmt" and _has_effect(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Put `pass` in its place."""
        assert index == 0
        prefix = node.get_first_leaf().prefix
        node.children[0] = parso.parse(f"{prefix}pass")  # type: ignore[no-untyped-call]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """What it does, for its test."""
        return (
            Example("f(1)\n", "pass\n"),
            Example("await f(1)\n", "pass\n"),
            Example("a.b = 1\n", "pass\n"),
            Example("a += 1\n", "pass\n"),
        )


class ReturnNone(Operator):  # type: ignore[misc]
    """Returns None instead of a value; not instead of False, which means the same to most callers."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Position, Position]]:
        """At most one."""
        if node.type == "return_stmt" and node.children[1].get_code().strip() not in {"None", "False"}:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Put None in the place of the value."""
        assert index == 0
        node.children[1] = parso.parse(" None")  # type: ignore[no-untyped-call]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """What it does, for its test."""
        return (Example("def f():\n    return 1\n", "def f():\n    return None\n"),)


OWN: Final = (DropKeyword, DropStatement, ReturnNone)


@dataclass(frozen=True, slots=True)
class Site:
    """A place in a source and what may be done to it: the n-th occurrence of an operator."""

    operator: str
    occurrence: int
    start: Position
    stop: Position


@cache
def operators() -> dict[str, Operator]:
    """All that are used, by name."""
    provided = OperatorProvider()
    named = {
        name: provided[name]()
        for name in provided
        if name not in _WITH_ARGUMENTS and not name.endswith(_SAME_FOR_SINGLETONS)
    }
    return named | {one.__name__: one() for one in OWN}


@cache
def sites(source: str) -> tuple[Site, ...]:
    """All sites of a source that decides something, remembered: finding them takes long."""
    return tuple(_found(source))


def _found(source: str) -> Iterator[Site]:
    nodes = list(ast_nodes(get_ast(source)))
    left_alone = list(_left_alone(source))
    for name, operator in operators().items():
        found = (position for node in nodes for position in operator.mutation_positions(node))
        for number, (start, stop) in enumerate(found):
            if not any(begin <= start < end for begin, end in left_alone):
                yield Site(name, number, start, stop)


def _left_alone(source: str) -> Iterator[tuple[Position, Position]]:
    for node in ast.walk(ast.parse(source)):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parts = [node.returns, *node.decorator_list]
        elif isinstance(node, ast.ClassDef):
            parts = list(node.decorator_list)
        elif isinstance(node, ast.arg | ast.AnnAssign):
            parts = [node.annotation]
        elif _is_log_line(node) or (isinstance(node, ast.Assign) and _is_alias(node.value)):
            parts = [node.value]
        for part in parts:
            if part is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno or part.lineno, part.end_col_offset or 0)


def _is_log_line(node: ast.AST) -> TypeGuard[ast.Expr]:
    return isinstance(node, ast.Expr) and ast.unparse(node).startswith(_LOG)


def _is_alias(value: ast.expr) -> bool:
    """A name for a union or a generic type, such as `Found = Job | None`."""
    union = isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr)
    return union or (isinstance(value, ast.Subscript) and ast.unparse(value.value) in {"dict", "list", "tuple"})


def _is_keyword(node: Any) -> bool:
    return bool(node.type == "argument" and node.children[1].type == "operator" and node.children[1].value == "=")


def _has_effect(node: Any) -> bool:
    if node.type == "expr_stmt":
        target, sign = node.children[0], node.children[1]
        return bool(target.type == "atom_expr" or getattr(sign, "value", "=") != "=")
    called = node.children[-1] if node.type == "atom_expr" else None
    return called is not None and called.type == "trailer" and called.children[0].value == "("
