"""The flags that several commands share, as kubectl has them; and what a command gets of them.

Must not live here: what a single command does.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from quantumjobs.cluster import QuantumCluster
    from quantumjobs.kubeapi import KubeApi
    from quantumjobs.kubeconfig import Access

F = TypeVar("F", bound=Callable[..., Any])
_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")
_NAMES: Final = (
    "namespace",
    "context",
    "cluster",
    "user",
    "kubeconfig",
    "impersonate",
    "impersonate_group",
    "request_timeout",
    "workspace",
)


class Duration(click.ParamType[float]):
    """A length of time as kubectl writes it: 90, 90s, 5m, 1h30m."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, int | float):
            return float(value)
        found = _DURATION.fullmatch(value)
        if not value or not found:
            self.fail(f"{value!r} is no duration: say 90s, 5m or 1h30m", param, ctx)
        hours, minutes, seconds = (float(part or 0) for part in found.groups())
        return hours * 3600 + minutes * 60 + seconds


class Assignment(click.ParamType[tuple[str, str]]):
    """`name=value`."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Name and value."""
        if isinstance(value, tuple):
            return value
        name, sign, right = value.partition("=")
        if not sign or not name:
            self.fail(f"{value!r} is not of the form name=value", param, ctx)
        return name, right


@dataclass(frozen=True, slots=True)
class Connection:
    """Which cluster a command speaks with, and where in it."""

    namespace: str | None
    context: str | None
    cluster: str | None
    user: str | None
    kubeconfig: str | None
    impersonate: str | None
    impersonate_group: tuple[str, ...]
    request_timeout: float | None
    workspace: str | None

    def open(self) -> "QuantumCluster":
        """The library's cluster."""
        from quantumjobs.cluster import QuantumCluster  # noqa: PLC0415 - with all that submits and waits

        return QuantumCluster(self.namespace, workspace=self.workspace, access=self._access())

    def api(self) -> "tuple[KubeApi, str]":
        """The connection alone, which is imported sooner than the cluster; and the namespace that is meant."""
        from quantumjobs.kubeapi import KubeApi  # noqa: PLC0415

        api = KubeApi(self._access())
        return api, self.namespace or api.namespace

    def _access(self) -> "Access":
        from quantumjobs.kubeconfig import Access  # noqa: PLC0415

        return Access(
            kubeconfig=self.kubeconfig,
            context=self.context,
            cluster=self.cluster,
            user=self.user,
            impersonate=self.impersonate,
            impersonate_groups=self.impersonate_group,
            request_timeout=self.request_timeout or None,
        )


def connected(command: F) -> F:
    """Give a command the flags of kubectl that say which cluster is meant, as one argument `connection`."""

    @functools.wraps(command)
    def taking(**values: Any) -> Any:
        return command(connection=Connection(**{name: values.pop(name) for name in _NAMES}), **values)

    for option in reversed(_CONNECTION):
        taking = option(taking)
    return taking  # type: ignore[return-value]


def selecting(command: F) -> F:
    """Names, or a label selector."""
    command = click.option("-l", "--selector", default="", help="Label selector instead of names.")(command)
    return click.argument("names", nargs=-1, shell_complete=_complete_names)(command)


def output_option(*formats: str) -> Callable[[F], F]:
    """`-o`, one of some formats; the first is the default."""
    kinds = click.Choice(formats)
    return click.option(
        "-o", "--output", type=kinds, default=formats[0], show_default=True, help="How the answer is written."
    )


def checked_selection(names: tuple[str, ...], selector: str) -> None:
    """Refuse both, and neither."""
    if bool(names) == bool(selector):
        raise click.UsageError("give names, or a label selector with -l, and not both")


def _complete_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from quantumjobs.cli.completion import job_names  # noqa: PLC0415

    return job_names(ctx.params, incomplete)


_CONNECTION: Final = (
    click.option("-n", "--namespace", help="Namespace; the context's if absent."),
    click.option("--context", help="Context of the kubeconfig."),
    click.option("--cluster", help="Cluster of the kubeconfig."),
    click.option("--user", help="User of the kubeconfig."),
    click.option("--kubeconfig", type=click.Path(), help="File; $KUBECONFIG if absent."),
    click.option("--as", "impersonate", metavar="USER", help="Act as another user."),
    click.option("--as-group", "impersonate_group", multiple=True, metavar="GROUP", help="Act as a member of a group."),
    click.option("--request-timeout", type=Duration(), help="For a single request."),
    click.option("-w", "--workspace", metavar="[NAMESPACE/]NAME", help="QuantumWorkspace; `default` if absent."),
)
