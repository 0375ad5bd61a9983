"""Who the user is and where the cluster is: a kubeconfig as kubectl reads it, or the ServiceAccount of a pod.

Must not live here: requests (`kubeapi`). The Kubernetes client is imported only where it is needed: that takes longer
than a whole command does without it, and a plain kubeconfig is read so (`plainconfig`).
"""

import importlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from quantumjobs import plainconfig
from quantumjobs.errors import ClusterError, ForbiddenError, QuantumJobsError, UsageError

_SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_DEFAULT_NAMESPACE: Final = "default"
_CHOSEN: Final = "quantumjobs"


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a cluster, with kubectl's words.

    Attributes:
        kubeconfig: File, or files joined by colons; `$KUBECONFIG` or ~/.kube/config if None.
        context: Of the kubeconfig; its current one if None.
        cluster: Of the kubeconfig, instead of the context's.
        user: Of the kubeconfig, instead of the context's.
        impersonate: User to act as.
        impersonate_groups: Groups to act as.
        request_timeout: Seconds for one request; a sensible number if None.
    """

    kubeconfig: str | None = None
    context: str | None = None
    cluster: str | None = None
    user: str | None = None
    impersonate: str | None = None
    impersonate_groups: Sequence[str] = ()
    request_timeout: float | None = None


@dataclass(slots=True)
class Login:
    """A loaded identity.

    Attributes:
        host: Address of the API server.
        pool: Connections to it, as urllib3 keeps them.
        authorization: Makes the headers that sign a request in.
        namespace: The context's, or the pod's.
        headers: Sent with each request.
    """

    host: str
    pool: Any
    authorization: Callable[[], Mapping[str, str]]
    namespace: str
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)


def login(access: Access) -> Login:
    """Load credentials; exec plugins run here, once.

    Raises:
        ClusterError: There is no usable kubeconfig.
        ForbiddenError: The login plugin gave no credentials.
    """
    headers = {"Impersonate-User": [access.impersonate]} if access.impersonate else {}
    if access.impersonate_groups:
        if not access.impersonate:
            raise UsageError("a group can be impersonated only together with a user: add --as")
        headers["Impersonate-Group"] = list(access.impersonate_groups)
    files = _files(access)
    plain = None if access.cluster or access.user else plainconfig.read(files, access.context)
    if plain is None:
        return _by_the_library(access, files, headers)
    try:
        token = plain.authorization()
        return Login(plain.host, plain.pool(), lambda: token, plain.namespace or _DEFAULT_NAMESPACE, headers)
    except (OSError, ValueError, KeyError) as error:
        raise ClusterError(f"the kubeconfig cannot be used: {_line(str(error))}") from error


def _files(access: Access) -> list[str]:
    """The kubeconfigs that exist; none in a pod."""
    files = access.kubeconfig or os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    given = [file for file in files.split(os.pathsep) if file and Path(file).expanduser().exists()]
    if access.kubeconfig and not given:
        raise ClusterError(f"there is no kubeconfig {access.kubeconfig}: check --kubeconfig")
    if not given and not os.environ.get("KUBERNETES_SERVICE_HOST"):
        raise ClusterError(
            f"there is no kubeconfig at {files} and this is no pod: set KUBECONFIG or sign in to a cluster first"
        )
    return given


def _by_the_library(access: Access, files: Sequence[str], headers: Mapping[str, Sequence[str]]) -> Login:
    from kubernetes.client import Configuration  # noqa: PLC0415 - see the module's docstring
    from kubernetes.client.rest import RESTClientObject  # noqa: PLC0415
    from kubernetes.config.config_exception import ConfigException  # noqa: PLC0415

    configuration = Configuration()
    try:
        namespace = _load(access, files, configuration)
    except QuantumJobsError:
        raise
    except ConfigException as error:
        raise _no_login(str(error)) from error
    except OSError as error:
        raise ClusterError(f"the kubeconfig cannot be read: {error}") from error
    except Exception as error:
        # Whatever stands in the file, the library meets it with errors of its own.
        raise ClusterError(f"the kubeconfig cannot be used: {type(error).__name__}: {_line(str(error))}") from error

    def authorization() -> dict[str, str]:
        settings: Any = configuration.auth_settings()
        return {setting["key"]: setting["value"] for setting in settings.values()}

    pool = RESTClientObject(configuration).pool_manager
    return Login(configuration.host.rstrip("/"), pool, authorization, namespace, headers)


def _load(access: Access, files: Sequence[str], configuration: Any) -> str:
    if not files:
        _library("incluster_config").load_incluster_config(client_configuration=configuration)
        return _pod_namespace()
    kube_config = _library("kube_config")
    merged = kube_config.KubeConfigMerger(os.pathsep.join(files)).config
    active = _context(merged, access)
    loader = kube_config.KubeConfigLoader(config_dict=merged, active_context=active)
    with _errors_in_the_log() as logged:
        loader.load_and_set(configuration)
    if logged:
        raise _no_login("; ".join(logged))
    return str(loader.current_context["context"].get("namespace") or _DEFAULT_NAMESPACE)


def _context(merged: Any, access: Access) -> str | None:
    """Name of the context to use; with another cluster or user it is one that is made here."""
    if not access.cluster and not access.user:
        return access.context
    contexts = merged.value["contexts"]
    name = access.context or merged.value.get("current-context")
    present: dict[str, str] = next((one.value["context"] for one in contexts if one.value["name"] == name), {})
    replaced = {"cluster": access.cluster, "user": access.user}
    changed = {**present, **{key: value for key, value in replaced.items() if value}}
    contexts.append(_library("kube_config").ConfigNode(_CHOSEN, {"name": _CHOSEN, "context": changed}, merged.path))
    return _CHOSEN


def _library(module: str) -> Any:
    return importlib.import_module(f"kubernetes.config.{module}")


def _pod_namespace() -> str:
    try:
        return (_SERVICE_ACCOUNT / "namespace").read_text().strip() or _DEFAULT_NAMESPACE
    except OSError:
        return _DEFAULT_NAMESPACE


@contextmanager
def _errors_in_the_log() -> Iterator[list[str]]:
    """What the library logs as an error meanwhile: it goes on without credentials when a login plugin fails."""
    said: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        yield said
    finally:
        logging.getLogger().removeHandler(handler)


@contextmanager
def unquoted() -> Iterator[None]:
    """What HTTP can't say is told without it: the text of such an error quotes the header, which may be a token."""
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except (HTTPError, OSError):
        raise
    except ValueError:
        raise ClusterError(
            "the login has a character that no request can hold: check the token of the kubeconfig or of its plugin, "
            "and --as"
        ) from None


def _line(text: str) -> str:
    return " ".join(text.split())[:300]


def _no_login(said: str) -> ClusterError | ForbiddenError:
    text = _line(said)
    if "exec" in text:
        return ForbiddenError(f"the login plugin of the kubeconfig gave no credentials ({text}): sign in again")
    return ClusterError(f"the kubeconfig cannot be used: {text}")
