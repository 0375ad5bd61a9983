"""The command that says what a program needs before anything is sent: estimate."""

import json
from typing import TYPE_CHECKING, Any

import click

from quantumjobs.cli.options import Connection, connected, output_option
from quantumjobs.cli.output import write_object, write_table
from quantumjobs.cli.submitting import MAX_COST, PARAMETERS, compiling, prepared_for
from quantumjobs.errors import ForbiddenError, NotFoundError

if TYPE_CHECKING:
    from quantumjobs.estimate import Unknown
from quantumjobs.limits import limits, shown


@click.command()
@click.argument("file")
@click.option("-t", "--target", help="Where it is to run; asks the workspace what it can do.")
@click.option("-s", "--shots", type=click.IntRange(min=1), help="How often it is to run.")
@MAX_COST
@PARAMETERS
@compiling
@output_option("table", "json", "yaml")
@connected
def estimate(
    *,
    file: str,
    connection: Connection,
    target: str | None,
    shots: int | None,
    max_cost: tuple[str, ...],
    compilation: dict[str, Any],
    parameters: tuple[tuple[str, str], ...],
    output: str,
) -> int:
    """Count the qubits and gates of a program, as far as they are known before it runs; nothing is sent."""
    from quantumjobs import estimate as estimating  # noqa: PLC0415

    allowed = limits(max_cost)
    made, chosen = prepared_for(connection, file, target, compilation, parameters)
    budgets = _budgets(connection) if target else ()
    found = estimating.estimate(made, chosen, shots, allowed, budgets)
    if output == "table":
        write_table(("WHAT", "NUMBER"), [(name.replace("_", " "), _cell(fact)) for name, fact in found.facts.items()])
    else:
        write_object(found.to_dict(), output)
    return 0


def _budgets(connection: Connection) -> "list[str] | Unknown":
    """What the budgets of the workspace leave; who may not read them can submit all the same."""
    from quantumjobs.budgets import left_in  # noqa: PLC0415
    from quantumjobs.estimate import Unknown  # noqa: PLC0415

    cluster = connection.open()
    try:
        return left_in(cluster.api, cluster.workspace(), cluster.namespace)
    except (ForbiddenError, NotFoundError) as error:
        return Unknown(str(error))


def _cell(fact: Any) -> str:
    if isinstance(fact, list):
        return "; ".join(fact) if all(isinstance(one, str) for one in fact) else shown(fact)
    return json.dumps(fact) if isinstance(fact, dict) else str(fact)
