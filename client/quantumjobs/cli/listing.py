"""The commands that list: list, targets."""

from datetime import UTC, datetime
from typing import Any

import click

from quantumjobs import facts
from quantumjobs.cli.options import Connection, connected, output_option
from quantumjobs.cli.output import age, note, say, write_csv, write_names, write_object, write_table
from quantumjobs.errors import ExitCode

_STATES = ("Pending", "Suspended", "Waiting", "Executing", "Cancelling", "Succeeded", "Failed", "Cancelled")
_COLUMNS = ("NAME", "TARGET", "STATE", "SHOTS", "WAITED", "COST", "AGE")
_WIDE = (*_COLUMNS, "ESTIMATE", "MAX COST", "BUDGET", "REASON", "JOB ID", "WORKSPACE")


@click.command(name="list")
@click.option("-l", "--selector", default="", help="Label selector.")
@click.option("-A", "--all-namespaces", is_flag=True, help="Of all namespaces.")
@click.option("--state", type=click.Choice(_STATES), help="Only those in this state.")
@output_option("table", "wide", "json", "yaml", "name", "csv")
@connected
def list_(*, connection: Connection, selector: str, all_namespaces: bool, state: str | None, output: str) -> int:
    """List jobs with their shots, waiting time and cost."""
    from quantumjobs.kubeapi import JOBS  # noqa: PLC0415

    api, namespace = connection.api()
    pages = api.pages(JOBS, None if all_namespaces else namespace, selector=selector)
    found = (one for page in pages for one in page["items"] if state is None or facts.state(one) == state)
    if output == "name":
        write_names(facts.name_of(one) for one in found)
    elif output in {"json", "yaml"}:
        items = [{"apiVersion": "quantumjobs.dev/v1alpha1", "kind": "QuantumJob", **one} for one in found]
        write_object({"apiVersion": "v1", "kind": "List", "items": items}, output)
    else:
        _write_rows(found, all_namespaces=all_namespaces, output=output)
    return ExitCode.SUCCEEDED


def _write_rows(found: Any, *, all_namespaces: bool, output: str) -> None:
    columns = (("NAMESPACE",) if all_namespaces else ()) + (_COLUMNS if output == "table" else _WIDE)
    now = datetime.now(UTC)
    rows = [_row(one, now) for one in found]
    if output == "csv":
        write_csv([column.lower().replace(" ", "_") for column in columns], [_keyed(row) for row in rows])
    elif rows:
        write_table(columns, [[row[column] for column in columns] for row in rows])
    else:
        note("no quantumjobs found")


def _row(resource: dict[str, Any], now: datetime) -> dict[str, Any]:
    status, spent = facts.status_of(resource), facts.cost(resource)
    created = facts.moment(resource["metadata"]["creationTimestamp"]) or now
    return {
        "NAMESPACE": resource["metadata"]["namespace"],
        "NAME": facts.name_of(resource),
        "TARGET": resource["spec"]["target"],
        "STATE": facts.state(resource),
        "SHOTS": facts.shots(resource),
        "WAITED": age(facts.waited_seconds(resource, now)),
        "COST": " ".join(spent) if spent else None,
        "AGE": age((now - created).total_seconds()),
        "ESTIMATE": facts.expected_cost(resource),
        "MAX COST": facts.max_cost(resource),
        "BUDGET": facts.budgets(resource),
        "REASON": facts.reason(resource)[0],
        "JOB ID": status.get("jobId"),
        "WORKSPACE": (status.get("workspace") or {}).get("ref", {}).get("name"),
    }


def _keyed(row: dict[str, Any]) -> dict[str, Any]:
    return {column.lower().replace(" ", "_"): value for column, value in row.items()}


@click.command()
@output_option("table", "json", "yaml", "name", "csv")
@connected
def targets(*, connection: Connection, output: str) -> int:
    """List what the workspace offers: availability, queue, size, profile and formats."""
    from quantumjobs.targets import formats  # noqa: PLC0415

    found = connection.open().targets()
    columns = ("provider", "target", "availability", "queue", "qubits", "profile", "formats")
    rows = [
        {
            "provider": one.provider,
            "target": one.name,
            "availability": one.availability,
            "queue": age(one.queue_seconds),
            "qubits": one.qubits,
            "profile": one.profile,
            "formats": ",".join(formats(one)),
        }
        for one in found
    ]
    if output == "name":
        for one in found:
            say(one.name)
    elif output == "csv":
        write_csv(columns, rows)
    elif output == "table":
        write_table([column.upper() for column in columns], [list(row.values()) for row in rows])
    else:
        write_object(rows, output)
    if not found:
        note("the workspace lists no targets yet: `kubectl describe quantumworkspace` says why")
    return ExitCode.SUCCEEDED
