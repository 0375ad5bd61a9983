"""The commands that wait, cancel and explain: wait, cancel, why."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from quantumjobs.cli.options import Connection, Duration, checked_selection, connected, output_option, selecting
from quantumjobs.cli.output import confirm, note, say, write_names, write_object, write_table
from quantumjobs.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from quantumjobs.cluster import QuantumCluster
    from quantumjobs.waiting import Ending


def wait_for(
    cluster: "QuantumCluster",
    *,
    names: Sequence[str] = (),
    selector: str = "",
    timeout: float | None = None,
    until: str = "finished",
) -> ExitCode:
    """Wait with progress on stderr; returns the exit code, after what went wrong was said."""
    endings = _endings(cluster, names, selector, timeout, until)
    return _code(endings)


def _endings(
    cluster: "QuantumCluster", names: Sequence[str], selector: str, timeout: float | None, until: str
) -> "list[Ending]":
    from quantumjobs import waiting  # noqa: PLC0415
    from quantumjobs.cli.progress import progress  # noqa: PLC0415
    from quantumjobs.following import Selection  # noqa: PLC0415

    selection = Selection(cluster.namespace, selector, frozenset(names))
    try:
        with progress() as watcher:
            return waiting.wait(cluster.api, selection, timeout=timeout, until=waiting.Until(until), watcher=watcher)
    except KeyboardInterrupt:
        chosen = f"-l {selector}" if selector else " ".join(names)
        note(f"not waited for any longer; the jobs go on: kubectl quantum wait {chosen} -n {cluster.namespace}")
        raise


def _code(endings: "list[Ending]") -> ExitCode:
    from quantumjobs.waiting import verdict  # noqa: PLC0415

    for ending in endings:
        error = ending.error()
        if error:
            note(f"error: {error}")
    return verdict(endings)


@click.command()
@selecting
@click.option(
    "--for", "until", type=click.Choice(["finished", "submitted"]), default="finished", help="What is waited for."
)
@click.option("--timeout", type=Duration(), help="How long; for ever if absent.")
@output_option("table", "name", "json", "yaml")
@connected
def wait(
    *, names: tuple[str, ...], selector: str, connection: Connection, until: str, timeout: float | None, output: str
) -> int:
    """Wait for jobs, whatever becomes of the first; the exit code says how they ended."""
    checked_selection(names, selector)
    endings = _endings(connection.open(), names, selector, timeout, until)
    _write(endings, output)
    return _code(endings)


def _write(endings: "list[Ending]", output: str) -> None:
    from quantumjobs import facts  # noqa: PLC0415

    resources = [ending.resource for ending in endings]
    if output == "name":
        write_names(facts.name_of(resource) for resource in resources)
    elif output == "table":
        write_table(
            ("NAME", "STATE", "REASON"),
            [(facts.name_of(one), facts.state(one), facts.reason(one)[0]) for one in resources],
        )
    else:
        write_object({"apiVersion": "v1", "kind": "List", "items": resources}, output)


@click.command()
@selecting
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_option("table", "name")
@connected
def cancel(*, names: tuple[str, ...], selector: str, connection: Connection, yes: bool, output: str) -> int:
    """Cancel jobs and keep their resources; what has begun may be billed."""
    from quantumjobs import facts  # noqa: PLC0415
    from quantumjobs.errors import NotFoundError  # noqa: PLC0415

    checked_selection(names, selector)
    cluster = connection.open()
    jobs = [cluster.job(name) for name in names] if names else list(cluster.job_set(selector))
    if not jobs:
        raise NotFoundError(f"no quantumjob in namespace {cluster.namespace} matches {selector!r}")
    running = [job for job in jobs if job.outcome is facts.Outcome.RUNNING]
    if len(running) > 1 and not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"this would cancel {len(running)} jobs: say --yes")
        confirm(f"Cancel {len(running)} jobs? What has begun may be billed.")
    for job in running:
        job.cancel()
        if output == "name":
            write_names([job.name])
        else:
            say(f"quantumjob.quantumjobs.dev/{job.name} is being cancelled")
    for job in jobs:
        if job not in running:
            note(f"{job.name} has ended already: {job.status}")
    if running:
        note("what had begun may be billed")
    return ExitCode.SUCCEEDED


@click.command()
@selecting
@output_option("table", "json", "yaml")
@connected
def why(*, names: tuple[str, ...], selector: str, connection: Connection, output: str) -> int:
    """Say why jobs are where they are, what to do, and what comes next."""
    from dataclasses import asdict  # noqa: PLC0415

    from quantumjobs.events import events_of  # noqa: PLC0415

    checked_selection(names, selector)
    cluster = connection.open()
    jobs = [cluster.job(name) for name in names] if names else list(cluster.job_set(selector))
    said = [(job.why(), events_of(cluster.api, job)) for job in jobs]
    if output != "table":
        write_object([asdict(explanation) | {"events": events} for explanation, events in said], output)
        return ExitCode.SUCCEEDED
    for explanation, events in said:
        for number, line in enumerate(explanation.lines()):
            say(f"  {line}" if number else line)
        for event in events[-5:]:
            say(f"  event {event['time']}: {event['reason']}: {event['message']}")
    return ExitCode.SUCCEEDED
