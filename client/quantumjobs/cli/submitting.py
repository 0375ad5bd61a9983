"""The commands that make jobs: run, sweep, compile."""

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from quantumjobs import facts
from quantumjobs.cli import points
from quantumjobs.cli.histogram import show
from quantumjobs.cli.options import Assignment, Connection, Duration, connected, output_option
from quantumjobs.cli.output import (
    confirm,
    note,
    say,
    write_bytes,
    write_names,
    write_object,
    write_objects,
    write_text,
)
from quantumjobs.cli.waits import wait_for
from quantumjobs.errors import NoCountsError, UsageError
from quantumjobs.programs.openqasm import PROFILES
from quantumjobs.programs.sources import LANGUAGES

if TYPE_CHECKING:
    from quantumjobs.cluster import QuantumCluster
    from quantumjobs.manifest import Order
    from quantumjobs.programs.prepared import Prepared, Target

F = TypeVar("F", bound=Callable[..., Any])
_COMPILATION: Final = ("language", "format", "profile", "entry")
MAX_COST: Final = click.option(
    "--max-cost", multiple=True, metavar="AMOUNT-UNIT", help="A job that may cost more is not sent: 5USD, 12.5hqc."
)


def compiling(command: F) -> F:
    """The flags that say how a program is compiled, as one argument `compilation`."""

    @functools.wraps(command)
    def taking(**values: Any) -> Any:
        given = {name: values.pop(name) for name in _COMPILATION}
        return command(compilation={name: value for name, value in given.items() if value}, **values)

    for option in (
        click.option("--entry", help="For Q#: the operation, or a whole call."),
        click.option("--profile", type=click.Choice(PROFILES), help="QIR profile instead of the target's."),
        click.option("--format", help="honeywell.openqasm.v1 sends OpenQASM 2 instead of QIR."),
        click.option("--language", type=click.Choice(LANGUAGES), help="If the file's name does not say it."),
    ):
        taking = option(taking)
    return taking  # type: ignore[return-value]


def ordering(command: F) -> F:
    """The flags of a submission, as one argument `wanted`."""
    names = ("target", "shots", "options", "labels", "max_cost", "deadline", "queue_deadline")

    @functools.wraps(command)
    def taking(**values: Any) -> Any:
        wanted = {name: values.pop(name) for name in names}
        wanted["options"] = {name: _json(text) for name, text in wanted["options"]}
        wanted["labels"] = dict(wanted["labels"])
        for name in ("deadline", "queue_deadline"):
            wanted[name] = None if wanted[name] is None else max(1, round(wanted[name]))
        return command(wanted=wanted, **values)

    for option in (
        click.option("--queue-deadline", type=Duration(), help="Cancel it if it has not begun by then."),
        click.option("--deadline", type=Duration(), help="Cancel it if it has not ended by then."),
        MAX_COST,
        click.option("--label", "labels", type=Assignment(), multiple=True, help="Label of the job and its output."),
        click.option("--option", "options", type=Assignment(), multiple=True, help="Handed to the target, as JSON."),
        click.option(
            "-s", "--shots", type=click.IntRange(min=1), help="How often it runs; the target decides if absent."
        ),
        click.option("-t", "--target", required=True, help="Machine or simulator, for example ionq.simulator."),
    ):
        taking = option(taking)
    return taking  # type: ignore[return-value]


PARAMETERS: Final = click.option(
    "-p", "--parameter", "parameters", type=Assignment(), multiple=True, help="Parameter of the program: theta=pi/2."
)
_DRY_RUN: Final = click.option(
    "--dry-run", type=click.Choice(["none", "client", "server"]), default="none", help="Show what would be sent."
)


@click.command()
@click.argument("file")
@ordering
@PARAMETERS
@compiling
@click.option("--name", help="Name of the job; made from the file's if absent.")
@click.option("--once", is_flag=True, help="The same program, target and parameters again are the same, paid job.")
@click.option("--once-key", help="Like --once, under a key of your own.")
@click.option("--wait", is_flag=True, help="Wait for the end and show the counts.")
@click.option("--timeout", type=Duration(), help="How long to wait.")
@_DRY_RUN
@output_option("table", "name", "json", "yaml")
@connected
def run(
    *,
    file: str,
    connection: Connection,
    wanted: dict[str, Any],
    compilation: dict[str, Any],
    parameters: tuple[tuple[str, str], ...],
    name: str | None,
    once: bool,
    once_key: str | None,
    wait: bool,
    timeout: float | None,
    dry_run: str,
    output: str,
) -> int:
    """Submit a program, and with --wait show counts; FILE is .qasm .qs .ll .bc .json .quil or .qpy, or - for stdin."""
    cluster = connection.open()
    program, values = _program(file), points.values(parameters)
    order = cluster.order(program, parameters=values, name=name, once=once_key or once, **wanted, **compilation)
    if dry_run != "none":
        return _dry(cluster, [order], dry_run, output)
    job = cluster.send(order)
    note(f"quantumjob.quantumjobs.dev/{job.name} submitted")
    if output == "name":
        write_names([job.name])
    if not wait:
        if output in {"json", "yaml"}:
            write_object(job.resource, output)
        elif output == "table":
            say(job.name)
        return 0
    code = wait_for(cluster, names=(job.name,), timeout=timeout)
    if output in {"json", "yaml"}:
        write_object(job.resource, output)
    elif output == "table" and not code:
        try:
            show(job.counts())
        except NoCountsError as error:
            note(str(error))
    return code


@click.command()
@click.argument("file")
@ordering
@click.option(
    "-p", "--parameter", "parameters", type=Assignment(), multiple=True, help="theta=0:3.14:20, or one value."
)
@click.option("--table", type=click.Path(path_type=Path), help="CSV file with a column for each parameter.")
@compiling
@click.option("--batch", help="Value of the label; the same one again sends only what is missing.")
@click.option("--wait", is_flag=True, help="Wait for the end of all.")
@click.option("--timeout", type=Duration(), help="How long to wait.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@_DRY_RUN
@output_option("table", "name", "json", "yaml")
@connected
def sweep(
    *,
    file: str,
    connection: Connection,
    wanted: dict[str, Any],
    compilation: dict[str, Any],
    parameters: tuple[tuple[str, str], ...],
    table: Path | None,
    batch: str | None,
    wait: bool,
    timeout: float | None,
    yes: bool,
    dry_run: str,
    output: str,
) -> int:
    """Submit one job for each point of a program's parameters; prints the label of all."""
    cluster = connection.open()
    found = points.points(parameters, table)
    batch, orders = cluster.sweep_orders(_program(file), points=found, batch=batch, **wanted, **compilation)
    if dry_run != "none":
        return _dry(cluster, orders, dry_run, output)
    if len(orders) > 1 and sys.stdin.isatty() and not yes:
        confirm(f"Submit {len(orders)} jobs to {wanted['target']}?")
    jobs = cluster.send_all(batch, orders)
    note(f"{len(orders)} jobs submitted; their counts: kubectl quantum counts -l {jobs.selector}")
    if output == "table":
        say(jobs.selector)
    elif output == "name":
        write_names(job.name for job in jobs)
    code = wait_for(cluster, selector=jobs.selector, timeout=timeout) if wait else 0
    if output in {"json", "yaml"}:
        write_objects([job.resource for job in jobs], output)
    return code


@click.command(name="compile")
@click.argument("file")
@click.option("-t", "--target", help="Where it is to run; asks the workspace what it can do.")
@PARAMETERS
@compiling
@output_option("ll", "bc")
@connected
def compile_(
    *,
    file: str,
    connection: Connection,
    target: str | None,
    compilation: dict[str, Any],
    parameters: tuple[tuple[str, str], ...],
    output: str,
) -> int:
    """Compile a program and write what would be sent; with --profile no cluster is asked."""
    from quantumjobs.programs import prepared, qir  # noqa: PLC0415

    made, _ = prepared_for(connection, file, target, compilation, parameters)
    if output == "bc":
        if made.format != prepared.QIR:
            raise UsageError(f"a program in {made.format} has no bitcode")
        data = made.data if not made.text else qir.to_bitcode(made.data)
        write_bytes(data)
        return 0
    if not made.text:
        raise UsageError("the program is bitcode: write it with -o bc")
    write_text(made.data.decode())
    return 0


def prepared_for(
    connection: Connection,
    file: str,
    target: str | None,
    compilation: dict[str, Any],
    parameters: tuple[tuple[str, str], ...],
) -> "tuple[Prepared, Target]":
    """A program as it would be sent, and where to; without a target no cluster is asked."""
    from quantumjobs.programs import prepare, prepared  # noqa: PLC0415

    if not target and "profile" not in compilation:
        raise UsageError("say what to compile for: -t TARGET, or --profile")
    chosen = connection.open().target(target) if target else prepared.Target("", "the profile")
    return prepare.prepare(_program(file), chosen, parameters=points.values(parameters), **compilation), chosen


def _program(file: str) -> Any:
    return sys.stdin.buffer.read() if file == "-" else Path(file)


def _dry(cluster: "QuantumCluster", orders: "list[Order]", dry_run: str, output: str) -> int:
    made = [cluster.dry_run(order) if dry_run == "server" else cluster.manifest(order) for order in orders]
    if output == "name":
        write_names(facts.name_of(one) for one in made)
    else:
        write_objects(made, "json" if output == "json" else "yaml")
    return 0


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
