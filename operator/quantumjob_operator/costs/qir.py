"""Counts the gates of `qir.v1` as LLVM text, if its entry point is one straight line.

Base-profile programs are; a program with branches, loops or calls of its own functions runs gates that nobody can count
before. Read line by line, so that the time is linear. Must not live here: prices, or anything that runs a program.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from quantumjob_operator.costs.gates import Gates, UncountableError, gate_on

_MAX_LINE: Final = 4096
_ENTRY: Final = re.compile(r'"(?:entry_point|EntryPoint)"')
_GROUP: Final = re.compile(r"attributes #(\d+) = ")
_CALL: Final = re.compile(r'\bcall\b[^@]*@(?:"([^"]+)"|([\w.$-]+))\((.*)')
_BRANCHES: Final = ("br i1 ", "switch ", "indirectbr ", "invoke ")
_GATE: Final = re.compile(r"__quantum__qis__(\w+?)__(?:body|adj|ctl|ctladj)$")
_OPERAND: Final = re.compile(r"(?:%Qubit\*|\bptr)(?: [a-z]+)? (null\b|inttoptr ?\(i64 \d+ to [^)]*\))")
_MEASURES: Final = frozenset({"m", "mz", "mresetz", "measure", "reset"})
_BARE: Final = frozenset({"read_result", "barrier"})


def count(program: bytes) -> Gates:
    """The gates, measurements and preparations of the entry point.

    Raises:
        UncountableError: It is bitcode, has no single entry point, or is more than a straight line.
    """
    if program[:2] == b"BC" or program[:4] == b"\xde\xc0\x17\x0b":
        raise UncountableError("gates are counted in QIR as text, not in bitcode")
    lines = program.decode(errors="replace").splitlines()
    if any(len(line) > _MAX_LINE for line in lines):
        raise UncountableError(f"the program has a line of more than {_MAX_LINE} characters")
    groups = {found[1] for line in lines if (found := _GROUP.match(line)) and _ENTRY.search(line)}
    entries = [body for head, body in _functions(lines) if _is_entry(head, groups)]
    if len(entries) != 1:
        raise UncountableError(f"the program has {len(entries)} entry points")
    return _straight(entries[0])


def _functions(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """The first line and the body of each function."""
    head, body = "", list[str]()
    for line in lines:
        if not head and line.startswith("define ") and line.rstrip().endswith("{"):
            head, body = line, []
        elif head and line.startswith("}"):
            yield head, body
            head = ""
        elif head:
            body.append(line.strip())


def _is_entry(head: str, groups: set[str]) -> bool:
    held = head[head.rfind(")") :]
    return bool(_ENTRY.search(held)) or any(number in groups for number in re.findall(r"#(\d+)", held))


def _straight(body: list[str]) -> Gates:
    if any(line.startswith(_BRANCHES) or " = invoke " in line for line in body):
        raise UncountableError("the program has branches, and what it runs is known only afterwards")
    total, qubits = Gates(), set[str]()
    for line in body:
        if called := _CALL.search(line):
            total += _called(called[1] or called[2], called[3], qubits)
    return total + Gates(measured=len(qubits))


def _called(name: str, arguments: str, seen: set[str]) -> Gates:
    """What one call counts as; the qubits of gates are added to those that were seen, since each is prepared once."""
    if name.startswith("__quantum__rt__"):
        return Gates()
    found = _GATE.match(name)
    if not found:
        raise UncountableError(f"the program calls {name[:60]}")
    gate, operands = found[1], _OPERAND.findall(arguments)
    if gate in _BARE:
        return Gates()
    if not operands:
        raise UncountableError(f"the program calls {name[:60]} with no qubit that is known before it runs")
    if gate in _MEASURES:
        # A measurement writes to a result, which without typed pointers looks like a qubit.
        seen.add(operands[0])
        return Gates(measured=2 if gate == "mresetz" else 1)
    seen.update(operands)
    return gate_on(len(operands))
