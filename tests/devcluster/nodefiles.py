"""The configurations and command lines of what runs on a node.

Starts and stops nothing: `devcluster.node` does.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

PAUSE_IMAGE: Final = "localhost/pause:1"
NODE_NAME: Final = "node"
CLUSTER_DOMAIN: Final = "cluster.local"
DNS_READY_PORT: Final = 8181
_PODS: Final = "10.1.0.0/24"
_CNI_PLUGINS: Final = ("/usr/lib/cni", "/opt/cni/bin")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node keeps its files, and how it is reached.

    Attributes:
        folder: All its files.
        address: The node's own.
        cgroup: Below which its Pods are put.
    """

    folder: Path
    address: str
    cgroup: str

    @property
    def socket(self) -> Path:
        """Where containerd listens."""
        return self.folder / "containerd.sock"

    @property
    def registries(self) -> Path:
        """A folder for each registry that containerd is told something of."""
        return self.folder / "registries"


def cni_plugins() -> Path | None:
    """The folder with the network plugins, if they are installed."""
    return next((Path(one) for one in _CNI_PLUGINS if Path(one, "bridge").exists()), None)


def write_containerd(place: Place) -> Path:
    """Write containerd's configuration and that of the Pods' network; returns the former's path."""
    networks = place.folder / "cni"
    networks.mkdir()
    ipam = {"type": "host-local", "ranges": [[{"subnet": _PODS}]], "routes": [{"dst": "0.0.0.0/0"}]}
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": True, "hairpinMode": True}
    plugins = [bridge | {"ipam": ipam | {"dataDir": str(place.folder / "ipam")}}, {"type": "portmap"}]
    network = {"cniVersion": "0.4.0", "name": "pods", "plugins": plugins}
    (networks / "10-pods.conflist").write_text(json.dumps(network))
    path = place.folder / "containerd.toml"
    # The machine may not be allowed to lower an oom_score_adj, and has AppArmor and huge pages or not. Content that an
    # import has just written was seen collected on a busy machine; a node does not live long enough to need collection.
    path.write_text(f"""version = 2
root = "{place.folder}/containerd"
state = "{place.folder}/containerd-state"
[grpc]
  address = "{place.socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{place.folder}/opt"
[plugins."io.containerd.gc.v1.scheduler"]
  mutation_threshold = 0
  schedule_delay = "24h"
  startup_delay = "24h"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{place.registries}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni_plugins()}"
    conf_dir = "{networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
""")
    return path


def kubelet_arguments(place: Place, kubeconfig: Path) -> list[str]:
    """Arguments of a kubelet whose own interface is open, since its network is the node's alone."""
    config: dict[str, Any] = {
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "address": place.address,
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": f"unix://{place.socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": place.cgroup,
        "failCgroupV1": False,
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        "oomScoreAdj": 0,
        "clusterDNS": [place.address],
        "clusterDomain": CLUSTER_DOMAIN,
        "resolvConf": "",
        "podLogsDir": str(place.folder / "pod-logs"),
        "volumePluginDir": str(place.folder / "volume-plugins"),
        # The machine's disk is not ours to judge.
        "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%"},
        "imageGCHighThresholdPercent": 100,
    }
    path = place.folder / "kubelet.yaml"
    path.write_text(yaml.safe_dump(config))
    return [
        f"--config={path}",
        f"--kubeconfig={kubeconfig}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={place.address}",
        f"--root-dir={place.folder / 'kubelet'}",
        f"--cert-dir={place.folder / 'kubelet-certificates'}",
    ]


def proxy_arguments(place: Place, kubeconfig: Path) -> list[str]:
    """Arguments of a kube-proxy that leaves the machine's connection tracking as it is."""
    config = {
        "kind": "KubeProxyConfiguration",
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "hostnameOverride": NODE_NAME,
        "mode": "iptables",
        "clusterCIDR": _PODS,
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
    path = place.folder / "kube-proxy.yaml"
    path.write_text(yaml.safe_dump(config))
    return [f"--config={path}"]


def scheduler_arguments(kubeconfig: Path) -> list[str]:
    """Arguments of a kube-scheduler that serves nothing itself."""
    return [f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0"]


def dns_arguments(place: Place, kubeconfig: Path) -> list[str]:
    """Arguments of a CoreDNS that knows the names of Services; each other name does not exist."""
    path = place.folder / "Corefile"
    path.write_text(f"""{CLUSTER_DOMAIN} {{
  ready {place.address}:{DNS_READY_PORT}
  errors
  cache 5
  kubernetes {{
    kubeconfig {kubeconfig}
  }}
}}
""")
    return [f"-conf={path}"]
