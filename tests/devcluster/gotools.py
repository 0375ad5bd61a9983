"""Which programs are built from which Go module, at which version.

Tables only: how they are built stands in `devcluster.build`.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class GoModule:
    """One Go module and the programs that are built from it.

    Attributes:
        name: What people call it.
        path: Module path as the Go module proxy knows it.
        version: Exact version, with the leading `v`.
        programs: File name of each program and its main package.
        staging_version: What replaces a requirement at exactly `v0.0.0`. Kubernetes develops its libraries inside its
            own repository and requires them at that placeholder; they are published under a version of their own.
        ldflags: Further flags of the Go linker.
        sources: Text of each main package of our own, by the name of its folder.
        replacements: Modules that its own go.mod replaces, which counts only where it is the main module, and the
            version of each that is used here.
        kept: A folder of the module whose files are kept beside its programs.
    """

    name: str
    path: str
    version: str
    programs: tuple[tuple[str, str], ...]
    staging_version: str | None = None
    ldflags: str = ""
    sources: tuple[tuple[str, str], ...] = ()
    replacements: tuple[tuple[str, str], ...] = ()
    kept: str | None = None


@dataclass(frozen=True, slots=True)
class ToolSet:
    """Programs that are built, cached and used together.

    Attributes:
        name: Folder of the set inside the cache.
        modules: Where its programs come from.
        duration: How long the first build takes, for people.
    """

    name: str
    modules: tuple[GoModule, ...]
    duration: str

    @property
    def key(self) -> str:
        """What the cached build depends on, as a folder name: `etcd-v3.6.8_kubernetes-v1.36.3`."""
        return "_".join(f"{module.name}-{module.version}" for module in self.modules)

    @property
    def programs(self) -> tuple[str, ...]:
        """File names of all programs of the set."""
        return tuple(name for module in self.modules for name, _ in module.programs)


_KUBERNETES_VERSION: Final = "v1.36.3"
_VERSION_VARIABLE: Final = "k8s.io/component-base/version."


def _kubernetes(*programs: str) -> GoModule:
    return GoModule(
        name="kubernetes",
        path="k8s.io/kubernetes",
        version=_KUBERNETES_VERSION,
        programs=tuple((program, f"k8s.io/kubernetes/cmd/{program}") for program in programs),
        staging_version=_KUBERNETES_VERSION.replace("v1.", "v0.", 1),
        # Without them the server calls itself v0.0.0, and charts that name a `kubeVersion` are refused.
        ldflags=(
            f"-X {_VERSION_VARIABLE}gitVersion={_KUBERNETES_VERSION}"
            f" -X {_VERSION_VARIABLE}gitMajor=1 -X {_VERSION_VARIABLE}gitMinor={_KUBERNETES_VERSION.split('.')[1]}"
        ),
    )


KUBERNETES: Final = _kubernetes("kube-apiserver", "kube-controller-manager", "kubectl")

ETCD: Final = GoModule(
    name="etcd",
    path="go.etcd.io/etcd/server/v3",
    version="v3.6.8",
    programs=(("etcd", "go.etcd.io/etcd/server/v3"),),
)

CONTROL_PLANE: Final = ToolSet(
    name="control-plane", modules=(ETCD, KUBERNETES), duration="about six minutes on two cores"
)

# Only what the names of Services and Pods need; the whole has sixty plugins and the clients of three clouds.
_COREDNS_MAIN: Final = """package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

func main() {
	dnsserver.Directives = []string{"ready", "errors", "cache", "kubernetes"}
	coremain.Run()
}
"""
# What keeps a Pod's namespaces while its containers come and go.
_PAUSE_MAIN: Final = """package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGINT, syscall.SIGTERM)
	<-asked
}
"""

COREDNS: Final = GoModule(
    name="coredns",
    path="github.com/coredns/coredns",
    version="v1.14.7",
    programs=(("coredns", "./coredns"), ("pause", "./pause")),
    sources=(("coredns", _COREDNS_MAIN), ("pause", _PAUSE_MAIN)),
)

# A set of its own, so that whoever has the control plane in the cache keeps it; built together they share most.
NODE: Final = ToolSet(
    name="node",
    modules=(_kubernetes("kubelet", "kube-scheduler", "kube-proxy"), COREDNS),
    duration="about three minutes more on two cores",
)

_HELM_VERSION: Final = "v4.3.1"

HELM: Final = GoModule(
    name="helm",
    path="helm.sh/helm/v4",
    version=_HELM_VERSION,
    programs=(("helm", "helm.sh/helm/v4/cmd/helm"),),
    # Without it `helm version` knows no patch level.
    ldflags=f"-X helm.sh/helm/v4/internal/version.version={_HELM_VERSION}",
)

HELM_DOCS: Final = GoModule(
    name="helm-docs",
    path="github.com/norwoodj/helm-docs",
    version="v1.14.2",
    programs=(("helm-docs", "github.com/norwoodj/helm-docs/cmd/helm-docs"),),
)

# A set of its own, so that a newer Helm does not ask for a new control plane.
CHART_TOOLS: Final = ToolSet(name="chart-tools", modules=(HELM, HELM_DOCS), duration="some minutes")

_FLUX_VERSION: Final = "v1.9.6"
_DEFINITIONS: Final = "config/crd/bases"


def _flux(controller: str, *replacements: tuple[str, str]) -> GoModule:
    path = f"github.com/fluxcd/{controller}"
    return GoModule(
        name=controller,
        path=path,
        version=_FLUX_VERSION,
        programs=((controller, path),),
        replacements=((f"{path}/api", _FLUX_VERSION), *replacements),
        kept=_DEFINITIONS,
    )


# Each with the libraries of its own release; in one module they would share more and build sooner, in versions that
# neither was released with.
FLUX: Final = ToolSet(
    name="flux",
    modules=(
        _flux(
            "source-controller",
            # Asked for is v0.18.3, which the module proxy doesn't serve.
            ("github.com/fluxcd/pkg/artifact", "v0.18.0"),
            ("github.com/opencontainers/go-digest", "v1.0.1-0.20220411205349-bde1400a84be"),
        ),
        _flux(
            "kustomize-controller",
            ("github.com/opencontainers/go-digest", "v1.0.1-0.20220411205349-bde1400a84be"),
            ("sigs.k8s.io/kustomize/api", "v0.21.1"),
            ("sigs.k8s.io/kustomize/kyaml", "v0.21.1"),
            ("gopkg.in/yaml.v3", "v3.0.1"),
        ),
    ),
    duration="about fifteen minutes on two cores",
)
