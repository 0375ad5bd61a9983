"""All settings of the operator, by flag or environment variable (`QUANTUMJOB_OPERATOR_…`), in one place.

The one reader of the environment. Must not live here: settings of single workspaces (they are QuantumWorkspaces).
"""

import ssl
from collections.abc import Sequence
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, CliApp, SettingsConfigDict, SettingsError

from quantumjob_operator.model.naming import workspace_id

_PREFIX: Final = "QUANTUMJOB_OPERATOR_"

_OTHERS_NAMES: Final = (
    *("kube-root-ca.crt*", "extension-apiserver-authentication", "cluster-info", "kubeadm-config", "kubelet-config*"),
    *("kube-proxy", "coredns", "coredns-custom", "aws-auth", "cluster-autoscaler-*", "*-leader-election"),
    *("ingress-controller-leader*", "openshift-service-ca.crt*", "config-service-cabundle", "config-trusted-cabundle"),
    *("istio-ca-*", "istio-sidecar-injector*", "linkerd-identity-*", "linkerd-config", "cilium-config"),
    *("argocd-*-cm", "argocd-cm", "prometheus-*-rulefiles-*", "sh.helm.release.*"),
)
# By whom they are read: Kubernetes and its add-ons, sidecars that load what is labelled, GitOps, meshes, policies,
# certificates, secrets, back-ups, clouds and distributions.
_OTHERS_LABELS: Final = (
    *("kubernetes.io/*", "*.kubernetes.io/*", "k8s.io/*", "*.k8s.io/*", "x-k8s.io/*", "*.x-k8s.io/*"),
    *("grafana_*", "loki_*", "mimir_*", "thanos_*", "prometheus*", "alertmanager*", "*-jenkins-config"),
    *("*.coreos.com/*", "*.grafana.com/*", "*.datadoghq.com/*", "*.elastic.co/*"),
    *("argocd.*", "argoproj.io/*", "*.argoproj.io/*", "fluxcd.io/*", "*.fluxcd.io/*", "helm.sh/*", "*.k14s.io/*"),
    *("owner=helm", "OWNER=TILLER", "tekton.dev/*", "*.tekton.dev/*", "*.spinnaker.io/*", "crossplane.io/*"),
    *("*.crossplane.io/*", "istio.io/*", "*.istio.io/*", "istio", "linkerd.io/*", "*.linkerd.io/*", "cilium.io/*"),
    *("*.cilium.io/*", "projectcalico.org/*", "*.projectcalico.org/*", "knative.dev/*", "*.knative.dev/*", "keda.sh/*"),
    *("*.keda.sh/*", "kyverno.io/*", "*.kyverno.io/*", "gatekeeper.sh/*", "*.gatekeeper.sh/*", "strimzi.io/*"),
    *("cert-manager.io/*", "*.cert-manager.io/*", "external-secrets.io/*", "*.external-secrets.io/*", "velero.io/*"),
    *("*.velero.io/*", "*.stakater.com/*", "openshift.io/*", "*.openshift.io/*", "cattle.io/*", "*.cattle.io/*"),
    *("k8s-sidecar-*", "*.emberstack.com/*", "*.mittwald.de/*", "*.appscode.com/*", "*.helm.sh/*"),
    *("olm.*", "azure.workload.identity/*", "*.azure.com/*", "*.gke.io/*", "*.amazonaws.com/*"),
    "quantumjobs.dev/*",  # not what our own client sets (client.quantumjobs.dev)
)

Seconds = Annotated[float, Field(ge=0)]
OutputPattern = Annotated[str, Field(pattern=r"^[-._*/A-Za-z0-9]+$")]
LabelPattern = Annotated[str, Field(pattern=r"^[-._*/A-Za-z0-9]+(=[-._*A-Za-z0-9]*)?$")]
Namespace = Annotated[str, Field(pattern="^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]


class InvalidSettings(ValueError):  # noqa: N818 - reads as what it says on the terminal
    """Settings that the operator cannot start with; the text names each by its flag and its variable."""


class IdentityGrant(BaseModel):
    """A pair for which the operator's own identity may be used."""

    namespace: Namespace
    workspace: Annotated[str, AfterValidator(workspace_id)] = Field(
        description="resource id of the Azure Quantum workspace"
    )
    endpoint: str | None = Field(
        default=None, description="spec.endpoint that the token may go to; none but Azure's own if absent"
    )


class Settings(BaseSettings):
    """Runs the operator with these settings; `check` and `drain` are commands, `--version` tells the version."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        cli_parse_args=False,
        cli_kebab_case=True,
        cli_prog_name="quantumjob-operator",
        cli_implicit_flags=True,
        cli_hide_none_type=True,
    )

    watch_namespaces: list[Namespace] = Field(default=[], description="namespaces to serve; all of them if empty")
    allowed_endpoints: list[str] = Field(
        default=[],
        description="origins (scheme://host[:port]) of services and storage accounts beside Azure's own zones",
    )
    operator_identity: list[IdentityGrant] = Field(
        default=[], description="pairs of namespace and workspace id for which credentials.operatorIdentity is allowed"
    )
    default_workspace: str | None = Field(
        default=None,
        pattern="^[^/]+/[^/]+$",
        description="namespace/name of the QuantumWorkspace for jobs that name none and have no `default`",
    )
    workload_service_account: str = Field(
        default="quantumjob-workload",
        description="ServiceAccount of credentials.workloadIdentity, in the workspace's namespace; the operator's role "
        "must allow serviceaccounts/token for this name",
    )
    authority: str | None = Field(
        default=None,
        description="host or https URL of the identity provider, for private clouds; azure-identity's default "
        "(AZURE_AUTHORITY_HOST, or else login.microsoftonline.com) if absent",
    )
    instance_discovery: bool = Field(
        default=True,
        description="whether azure-identity may ask the public cloud if it knows the authority; off for private clouds "
        "(its asynchronous credentials, which are used here, do not ask today)",
    )
    ca_bundle: str | None = Field(
        default=None,
        description="PEM file of authorities to trust beside the usual ones, for the service, its storage and the "
        "identity provider (SSL_CERT_FILE would replace the usual ones; REQUESTS_CA_BUNDLE is not read)",
    )
    cluster_name: str = Field(
        default="", description="told to the service with each job; the uid of kube-system if empty"
    )

    adoptable_clusters: list[str] = Field(
        default=[], description="names of clusters whose jobs may be taken over by the same idempotency key"
    )

    reserved_output_names: list[OutputPattern] = Field(
        default=list(_OTHERS_NAMES),
        description="names that no output ConfigMap may have, * standing for anything: other controllers act on them",
    )
    reserved_output_labels: list[LabelPattern] = Field(
        default=list(_OTHERS_LABELS),
        description="labels and annotations that spec.output may not hold, as key or key=value, * standing for "
        "anything: other controllers act on them",
    )

    put_start_seconds: Seconds = Field(default=5, description="a submission starts at most this long after its claim")
    request_timeout_seconds: Seconds = Field(
        default=30, description="time-out of a request to the service; a blob may take twice as long"
    )
    visibility_delay_seconds: Seconds = Field(
        default=30, description="for how long the service may hide a job that it has accepted"
    )
    cancellation_grace_period_seconds: Seconds = Field(
        default=300, description="how long a deletion waits for a job that can't be cancelled or asked about"
    )
    output_timeout_seconds: Seconds = Field(default=600, description="for how long an unreadable result is tried again")
    poll_min_seconds: Seconds = Field(default=1, description="between two polls of a young job")
    poll_max_seconds: Seconds = Field(default=30, description="between two polls of an old job")
    queue_position_seconds: Seconds = Field(
        default=60,
        description="between two questions for a waiting job's place in its provider's queue; up to five times as long "
        "for jobs that have waited for long",
    )
    resync_seconds: Seconds = Field(default=600, description="between two checks of the watch against a listing")
    garbage_collection_seconds: Annotated[float, Field(ge=1)] = Field(
        default=1800, description="between two searches of each workspace for unfinished jobs whose QuantumJob is gone"
    )
    workspace_refresh_seconds: Seconds = Field(default=300, description="between two reads of a workspace's targets")
    requests_per_second: float = Field(
        default=100,
        gt=0,
        description="requests that each QuantumWorkspace's service gets at most, shared by submitting, polling and "
        "cancelling, round-robin by namespace",
    )
    requests_burst: float = Field(default=200, ge=1, description="the same after a rest: so many at once")
    workers: int = Field(
        default=32, ge=1, description="objects worked on at the same time; one namespace has at most half of them"
    )

    lease: str | None = Field(
        default=None,
        pattern="^[^/]+/[^/]+$",
        description="namespace/name of the Lease that replicas compete for: one works, the others are on standby; "
        "a single replica needs none",
    )

    host: str = Field(default="0.0.0.0", description="address of /healthz, /readyz and /metrics")  # noqa: S104 - probes
    port: int = Field(default=8080, ge=0, le=65535, description="port of the same; 0 for a free one")
    ready_file: str | None = Field(default=None, description="JSON with the port and pid, written once it listens")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "text"] = "json"

    @property
    def fence_seconds(self) -> float:
        """How long a 404 is not believed after a request of unknown outcome, or after taking over a claim."""
        return self.put_start_seconds + self.request_timeout_seconds + self.visibility_delay_seconds

    @property
    def reconciliation_seconds(self) -> float:
        """How long a worker stays with one object: several requests that run into their time-outs.

        A reconciliation asks for a result of many megabytes at most once, and every request has a time-out of its own;
        this is for whoever makes one request after another take long.
        """
        waiting = 10 * self.workers / self.requests_per_second
        return 10 * self.request_timeout_seconds + waiting

    @field_validator("authority")
    @classmethod
    def _over_tls(cls, authority: str | None) -> str | None:
        """Secrets go there: refused at the start, not with the first job."""
        if authority is None:
            return None
        parsed = urlsplit(authority if "://" in authority else f"https://{authority}")
        if parsed.scheme != "https" or not parsed.hostname or parsed.username or parsed.query or parsed.fragment:
            raise ValueError("must be a host or an https URL")
        return authority

    @field_validator("ca_bundle")
    @classmethod
    def _holds_certificates(cls, path: str | None) -> str | None:
        if path is None:
            return None
        try:
            ssl.create_default_context(cafile=path)
        except OSError as error:  # also if the file holds no certificate
            raise ValueError(f"cannot be read as PEM file of certificates: {error}") from None
        return path

    @model_validator(mode="after")
    def _ordered(self) -> "Settings":
        if self.poll_min_seconds > self.poll_max_seconds:
            raise ValueError("--poll-min-seconds is greater than --poll-max-seconds")
        return self


def read_settings(arguments: Sequence[str]) -> Settings:
    """The settings in flags and, where there is none, in the environment.

    Raises:
        InvalidSettings: A value is not what its setting takes.
        SystemExit: A flag does not exist or has no value, or `--help` was asked for; the parser has said so.
    """
    try:
        return CliApp.run(Settings, cli_args=list(arguments))
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise InvalidSettings(
            "; ".join(_complaint(one["loc"], one["msg"].removeprefix("Value error, ")) for one in found)
        ) from None
    except SettingsError as error:
        # Its text is all that tells which setting it was: a list in the environment must be JSON.
        named = next((name for name in Settings.model_fields if name in str(error)), "")
        reason = str(error.__cause__ or error)
        raise InvalidSettings(_complaint([named], f"cannot be read, in the environment as JSON: {reason}")) from None


def _complaint(place: Sequence[int | str], message: str) -> str:
    """What is wrong where: setting, then the place within its value."""
    name, *within = (str(step) for step in place) if place else ("",)
    setting = f"--{name.replace('_', '-')} ({_PREFIX}{name.upper()})" if name else ""
    return ": ".join(part for part in (setting, ".".join(within), message) if part)
