"""No error is kept as it was raised: it would keep all that was at work then."""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

import pytest

from localstack.manifests import PROJECT
from quantumjob_operator.azure.entra import Assertion
from quantumjob_operator.model.errors import Applied, Retryable, ServiceError

SOURCE: Final = PROJECT / "operator" / "quantumjob_operator"


def frames(error: BaseException) -> int:
    """How many frames a traceback has."""
    traceback: TracebackType | None = error.__traceback__
    count = 0
    while traceback is not None:
        traceback, count = traceback.tb_next, count + 1
    return count


async def test_an_assertion_that_could_not_be_fetched_is_told_each_time_alike() -> None:
    """An error that is raised again and again would grow by its frames each time."""

    async def fetch() -> str:
        raise Retryable("token", detail="no token")

    assertion, seen = Assertion(fetch), []
    await assertion.prepare()
    for _ in range(3):
        with pytest.raises(Retryable, match="no token") as raised:
            assertion()
        seen.append(frames(raised.value))
    assert len(set(seen)) == 1
    assert assertion._trouble is not None
    assert frames(assertion._trouble) == 0


def kinds(kind: type[ServiceError] = ServiceError) -> list[type[ServiceError]]:
    """Each kind of error that a request can end with."""
    return [kind, *(one for below in kind.__subclasses__() for one in kinds(below))]


@pytest.mark.parametrize("kind", kinds())
def test_an_error_is_kept_apart_from_where_it_was_raised(kind: type[ServiceError]) -> None:
    """It says what it said, and knows nothing of what came before it."""
    with pytest.raises(kind) as raised:
        _raise(kind)
    error, kept = raised.value, raised.value.apart()
    assert (type(kept), repr(kept), str(kept), vars(kept)) == (kind, repr(error), str(error), vars(error))
    assert kept.applied is Applied.NO
    assert (frames(kept), kept.__context__, kept.__cause__) == (0, None, None)


def _raise(kind: type[ServiceError]) -> None:
    try:
        int("")
    except ValueError:
        raise kind("get_job", status=500, code="C", detail="d", retry_after=1.0, applied=Applied.NO) from None


@pytest.mark.parametrize("file", sorted(SOURCE.rglob("*.py")), ids=lambda file: str(file.relative_to(SOURCE)))
def test_no_error_is_kept_as_it_was_caught(file: Path) -> None:
    """Neither in an object nor by the function that raises it, which would lie in a circle with it."""
    for function in ast.walk(ast.parse(file.read_text())):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        caught, dropped = set(errors_in(function)), set(dropped_in(function))
        for one in ast.walk(function):
            if isinstance(one, ast.Assign) and not all(isinstance(target, ast.Name) for target in one.targets):
                values = one.value.elts if isinstance(one.value, ast.Tuple) else [one.value]
                assert not caught & {value.id for value in values if isinstance(value, ast.Name)}, f"line {one.lineno}"
            if isinstance(one, ast.Raise) and isinstance(one.exc, ast.Name) and one.exc.id[0].islower():
                assert one.exc.id in dropped, f"line {one.lineno}"


def errors_in(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """The names of errors, as they are caught or handed over."""
    for one in ast.walk(function):
        if isinstance(one, ast.ExceptHandler) and one.name:
            yield one.name
        if isinstance(one, ast.arg) and one.annotation and ast.unparse(one.annotation).endswith(("Error", "Exception")):
            yield one.arg


def dropped_in(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """The names that are gone whatever happens: Python takes away those of an `except` itself."""
    for one in ast.walk(function):
        if isinstance(one, ast.ExceptHandler) and one.name:
            yield one.name
        if isinstance(one, ast.Try):
            deleted = (last for last in one.finalbody if isinstance(last, ast.Delete))
            yield from (target.id for last in deleted for target in last.targets if isinstance(target, ast.Name))
