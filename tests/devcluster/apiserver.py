"""The command lines and files of kube-apiserver and kube-controller-manager.

Starts and stops nothing: `devcluster.controlplane` does.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import yaml

from devcluster.certificates import Authority, new_key, write_key, write_public_key
from devcluster.kubeconfig import write_kubeconfig

ADMIN: Final = "admin"
CONTROLLER_MANAGER: Final = "system:kube-controller-manager"
KUBELET: Final = "system:node:node"
SCHEDULER: Final = "system:kube-scheduler"
PROXY: Final = "system:kube-proxy"
DNS: Final = "dns"
LOOPBACK: Final = "127.0.0.1"
_GROUPS: Final = {
    ADMIN: "system:masters",
    CONTROLLER_MANAGER: "system:masters",
    KUBELET: "system:nodes",
    # What these may do stands in roles that the API server makes itself.
    SCHEDULER: "system:authenticated",
    PROXY: "system:authenticated",
    DNS: "system:masters",
}
_SERVICES: Final = "10.0.0.0/24"
_OWN_SERVICE: Final = "10.0.0.1"
_OWN_NAMES: Final = ("kubernetes", "kubernetes.default", "kubernetes.default.svc")
ISSUER: Final = "https://kubernetes.default.svc"
_AUDIT_POLICY: Final = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The files from which the API server and its first clients know each other.

    Attributes:
        ca_file: The authority of the server's certificate.
        certificate: The server's certificate.
        key: The server's private key.
        account_key: Private key that signs ServiceAccount tokens.
        account_public_key: Its public half, which verifies them.
        token_file: Static tokens of the administrator, the controller manager and the parts of a node.
        audit_policy: Metadata of every request.
        tokens: Token of each static user.
    """

    ca_file: Path
    certificate: Path
    key: Path
    account_key: Path
    account_public_key: Path
    token_file: Path
    audit_policy: Path
    tokens: dict[str, str]

    @classmethod
    def create(cls, folder: Path, address: str) -> Self:
        """Make new keys, certificates and tokens in a folder, for an API server at an address."""
        authority = Authority.create(folder, "devcluster-ca")
        reached = {"addresses": [address, _OWN_SERVICE], "names": _OWN_NAMES}
        certificate, key = authority.issue_for_loopback("kube-apiserver", **reached)
        account_key = new_key()
        tokens = {user: secrets.token_urlsafe(32) for user in _GROUPS}
        token_file = folder / "tokens.csv"
        token_file.touch(mode=0o600)
        token_file.write_text("".join(f"{token},{user},{user},{_GROUPS[user]}\n" for user, token in tokens.items()))
        audit_policy = folder / "audit-policy.yaml"
        audit_policy.write_text(yaml.safe_dump(_AUDIT_POLICY))
        return cls(
            ca_file=authority.ca_file,
            certificate=certificate,
            key=key,
            account_key=write_key(account_key, folder / "service-accounts.key"),
            account_public_key=write_public_key(account_key, folder / "service-accounts.pub"),
            token_file=token_file,
            audit_policy=audit_policy,
            tokens=tokens,
        )

    def kubeconfig(self, path: Path, user: str, server: str) -> Path:
        """Write the kubeconfig of one of the static users; return its path."""
        return write_kubeconfig(path, server=server, ca_file=self.ca_file, user=user, token=self.tokens[user])


def api_server_arguments(
    credentials: Credentials, *, etcd_url: str, address: str, port: int, audit_log: Path
) -> list[str]:
    """Arguments of a kube-apiserver with RBAC, ServiceAccount tokens and an audit log.

    On another address than loopback it expects a node: kubelets may do what their own Pods need, and the Service
    `kubernetes` has an endpoint, which the server refuses to write for loopback.
    """
    with_node = address != LOOPBACK
    plugins = ["OwnerReferencesPermissionEnforcement", *(["NodeRestriction"] if with_node else [])]
    return [
        f"--etcd-servers={etcd_url}",
        f"--bind-address={address}",
        f"--advertise-address={address}",
        f"--secure-port={port}",
        f"--tls-cert-file={credentials.certificate}",
        f"--tls-private-key-file={credentials.key}",
        f"--token-auth-file={credentials.token_file}",
        f"--authorization-mode={'Node,RBAC' if with_node else 'RBAC'}",
        # Off unless asked for, but on in some distributions: who may say that one object owns another.
        f"--enable-admission-plugins={','.join(plugins)}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={credentials.account_public_key}",
        f"--service-account-signing-key-file={credentials.account_key}",
        f"--service-cluster-ip-range={_SERVICES}",
        f"--endpoint-reconciler-type={'lease' if with_node else 'none'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--audit-log-path={audit_log}",
        f"--audit-policy-file={credentials.audit_policy}",
        "--profiling=false",
    ]


def controller_manager_arguments(credentials: Credentials, kubeconfig: Path) -> list[str]:
    """Arguments of a kube-controller-manager that serves nothing itself."""
    return [
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        f"--root-ca-file={credentials.ca_file}",
        f"--service-account-private-key-file={credentials.account_key}",
    ]
