"""Counts the gates of QIR as text, if all that it has is one function that is one straight line.

Fails closed: a module may have only what is listed here, in the forms of the QIR specification as compilers write them
(https://github.com/qir-alliance/qir-spec); anything else is uncountable. Nothing can hide in what a reader skips:
comments are skipped as LLVM skips them, and nothing else is. Must not live here: prices.
"""

from quantumjob_operator.costs.gates import Gates
from quantumjob_operator.costs.qir.module import Module
from quantumjob_operator.costs.qir.tokens import Tokens

__all__ = ["count"]


def count(program: bytes, entry_point: object) -> Gates:
    """The gates, measurements, resets and preparations of the function that is to run.

    Args:
        program: LLVM's language as text.
        entry_point: The function's name, as the job is sent with it.

    Raises:
        UncountableError: It has anything beyond a straight line, or is no text; the message quotes none of it.
    """
    return Module(Tokens(program)).count(entry_point)
