"""What each alert fires for, minute by minute: values only.

A row is a story: series of one value a minute in promtool's notation (`a+bxn` is a, and then n times b more; `_xn` are
n minutes without a value; `stale` ends a series), and what is to be seen of it. All series have the labels `job` and
`pod` that Prometheus gives them.
"""

from dataclasses import dataclass, field
from typing import Final

JOB: Final = "quantumjob-operator"
POD: Final = "quantumjob-operator-0"
_SCRAPED: Final = {"pod": POD}
_WORKSPACE: Final = {"namespace": "research", "workspace": "default"}
_BUDGET: Final = {"namespace": "platform", "budget": "research", "unit": "USD"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happens, and when an alert fires.

    Attributes:
        alert: Its name.
        about: Of the row.
        series: Values by the series' name and labels beside those of the scrape.
        quiet: Minutes in which it does not fire: right before it does, and right after it is over.
        firing: Minutes in which it does.
        labels: What the alert tells beside its name, its severity and the release.
    """

    alert: str
    about: str
    series: dict[str, str]
    quiet: tuple[int, ...]
    firing: tuple[int, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)


def _ready(reason: str) -> str:
    return f'quantumjob_workspace_ready{{namespace="research", workspace="default", reason="{reason}"}}'


def _requests(code: str) -> str:
    return f'quantumjob_remote_requests_total{{operation="put_job", code="{code}"}}'


def _budget(what: str, namespace: str = "vqe") -> str:
    whose = f', job_namespace="{namespace}"' if namespace else ""
    return f'quantumjob_budget_{what}{{namespace="platform", budget="research"{whose}, unit="USD"}}'


STORIES: Final = (
    Story(
        alert="QuantumJobOperatorDown",
        about="the operator is away for twenty minutes",
        series={"up": "1+0x10 0+0x20 1+0x10"},
        quiet=(20, 32),
        firing=(21, 31),
    ),
    Story(
        alert="QuantumJobOperatorDown",
        about="Prometheus never heard of one",
        series={},
        quiet=(9,),
        firing=(10,),
    ),
    Story(
        alert="QuantumJobOperatorDown",
        about="another release is up",
        series={'up{job="another"}': "1+0x20"},
        quiet=(9,),
        firing=(10,),
    ),
    Story(
        alert="QuantumJobOperatorLeaderless",
        about="the leader goes, and twenty minutes later the other replica leads",
        series={"quantumjob_leader": "1+0x5 stale", 'quantumjob_leader{pod="other"}': "0+0x25 1+0x10"},
        quiet=(5, 10, 26),
        firing=(11, 25),
    ),
    Story(
        alert="QuantumJobOperatorLeaderless",
        about="the Lease changes hands",
        series={"quantumjob_leader": "1+0x5 0+0x20", 'quantumjob_leader{pod="other"}': "0+0x7 1+0x20"},
        quiet=tuple(range(25)),
    ),
    Story(
        alert="QuantumJobCancellationUnconfirmed",
        about="one object was released unconfirmed",
        series={"quantumjob_cancellations_unconfirmed_total": "0+0x5 1+0x60"},
        quiet=(5, 37),
        firing=(6, 35),
        labels=_SCRAPED,
    ),
    Story(
        alert="QuantumJobPendingLong",
        about="the service refuses for hours, until the job goes on",
        series={'quantumjob_pending_oldest_seconds{reason="WorkspaceNotReady"}': "0+60x100 stale"},
        quiet=(60, 75, 101),
        firing=(76, 100),
        labels={"reason": "WorkspaceNotReady"},
    ),
    Story(
        alert="QuantumJobPendingLong",
        about="jobs wait for other jobs",
        series={
            'quantumjob_pending_oldest_seconds{reason="MaxJobsInFlight"}': "0+60x200",
            'quantumjob_pending_oldest_seconds{reason="DuplicateIdempotencyKey"}': "0+60x200",
        },
        quiet=(76, 200),
    ),
    Story(
        alert="QuantumWorkspaceUnreachable",
        about="polls are not answered for half an hour",
        series={'quantumjob_poll_age_seconds{namespace="research", workspace="default"}': "0+60x30 0+0x10"},
        quiet=(10, 15, 31),
        firing=(16, 30),
        labels=_SCRAPED | _WORKSPACE,
    ),
    Story(
        alert="QuantumWorkspaceNotReady",
        about="it is unreachable for twenty minutes",
        series={_ready("Connected"): "1+0x5 stale _x20 1+0x10", _ready("Unreachable"): "_x6 0+0x20 stale"},
        quiet=(5, 20, 27),
        firing=(21, 26),
        labels=_WORKSPACE,
    ),
    Story(
        alert="QuantumWorkspaceNotReady",
        about="the reason changes meanwhile",
        series={_ready("Unreachable"): "0+0x9 stale", _ready("CredentialsInvalid"): "_x10 0+0x20"},
        quiet=(14,),
        firing=(15, 30),
        labels=_WORKSPACE,
    ),
    Story(
        alert="QuantumWorkspaceNotReady",
        about="another replica has not seen it yet",
        series={
            _ready("Connected"): "1+0x40",
            f'{_ready("NotSeenYet")[:-1]}, pod="other"}}': "0+0x40",
        },
        quiet=(15, 40),
    ),
    Story(
        alert="QuantumWorkspaceCredentialsRefused",
        about="a key was rotated, and half an hour later the Secret follows",
        series={
            'quantumjob_workspace_credentials_refused_total{namespace="research", workspace="default"}': (
                "0+0x5 0+2x30 60+0x40"
            ),
            'quantumjob_workspace_credentials_refused_total{namespace="other", workspace="default"}': "7+0x90",
        },
        quiet=(6, 21, 52),
        firing=(22, 50),
        labels=_WORKSPACE,
    ),
    Story(
        alert="QuantumWorkspaceThrottled",
        about="a third of the requests for an hour",
        series={_requests("429"): "0+0x5 0+30x60 1800+0x60", _requests("200"): "0+60x130"},
        quiet=(6, 42, 76),
        firing=(43, 72),
    ),
    Story(
        alert="QuantumWorkspaceThrottled",
        about="a tenth of them",
        series={_requests("429"): "0+10x130", _requests("200"): "0+90x130"},
        quiet=(45, 130),
    ),
    Story(
        alert="QuantumWorkspaceFailing",
        about="no answer to most requests for forty minutes",
        series={_requests("timeout"): "0+0x5 0+60x40 2400+0x40", _requests("200"): "0+20x90"},
        quiet=(6, 24, 62),
        firing=(25, 50),
        labels={"operation": "put_job"},
    ),
    Story(
        alert="QuantumWorkspaceFailing",
        about="refusals are answers",
        series={_requests("400"): "0+60x90", _requests("404"): "0+60x90", _requests("200"): "0+20x90"},
        quiet=(31, 90),
    ),
    Story(
        alert="QuantumJobOperatorReconcileErrors",
        about="the API server refuses for forty minutes",
        series={'quantumjob_reconcile_errors_total{error="ClusterError"}': "0+0x5 0+30x40 1200+0x40"},
        quiet=(6, 24, 60),
        firing=(25, 55),
        labels={"error": "ClusterError"},
    ),
    Story(
        alert="QuantumJobWorkqueueGrows",
        about="two hundred objects wait for an hour",
        series={"quantumjob_workqueue_depth": "0+0x5 200+0x60 0+0x5"},
        quiet=(20, 35, 67),
        firing=(36, 66),
        labels=_SCRAPED,
    ),
    Story(
        alert="QuantumJobWorkqueueGrows",
        about="the queue is empty now and then",
        series={"quantumjob_workqueue_depth": "200+0x13 0 200+0x13 0 200+0x13 0 200+0x13"},
        quiet=(30, 55),
    ),
    Story(
        alert="QuantumBudgetNearlyUsed",
        about="exactly four fifths are used, and later all of it",
        series={_budget("limit"): "2000+0x60", _budget("left"): "400.01+0x5 400+0x20 0+0x20"},
        quiet=(5, 10, 27),
        firing=(11, 26),
        labels=_BUDGET | {"job_namespace": "vqe"},
    ),
    Story(
        alert="QuantumBudgetNearlyUsed",
        about="one replica has not read the last bill yet",
        series={
            _budget("limit", ""): "10+0x40",
            _budget("left", ""): "5+0x40",
            f'{_budget("limit", "")[:-1]}, pod="other"}}': "10+0x40",
            f'{_budget("left", "")[:-1]}, pod="other"}}': "1+0x40",
        },
        quiet=(4,),
        firing=(5, 40),
        labels=_BUDGET,
    ),
    Story(
        alert="QuantumBudgetUsedUp",
        about="bills pass the limit, and a new month begins",
        series={_budget("limit"): "2000+0x60", _budget("left"): "200+0x5 -0.5+0x20 2000+0x20"},
        quiet=(5, 10, 27),
        firing=(11, 26),
        labels=_BUDGET | {"job_namespace": "vqe"},
    ),
    Story(
        alert="QuantumBudgetUsedUp",
        about="a limit of 0 is somebody's wish",
        series={_budget("limit"): "0+0x40", _budget("left"): "-5+0x40"},
        quiet=(5, 40),
    ),
)
