"""A stand-in for the kubelet: one Node, whose Pods run as local processes as their specs say.

It registers the Node and keeps it Ready, binds pending Pods (there is no scheduler), and runs each container with its
command, arguments, environment, volumes and the token that the API server issues for the Pod's ServiceAccount, as the
user of its security context, in a mount namespace and a root file system of its own, without capabilities. Probes,
restarts, graceful ends and the Pod's status follow the kubelet's rules, so that the controllers, `kubectl rollout` and
`helm --wait` see what they would see on a node.

What it does not do:

- It pulls no image: a table says which local program stands in for which image (`images`).
- It limits nothing: no cgroups, no seccomp, no namespaces but the mounts; it needs root, since it makes those.
- It has no Pod network. Each Pod has a loopback address of this machine (127.x.y.z) and shares its ports; a program
  has to listen at that address only, and the table says how it is told. All that listens on this machine is reachable,
  and NetworkPolicies mean nothing. The names of Services stand in /etc/hosts and lead to one ready Pod, on the
  container's port; EndpointSlices stay empty, because the API server refuses loopback addresses.
- Secrets, ConfigMaps and tokens are mounted as they are when the Pod starts, and never renewed.
- Only HTTP probes; no lifecycle hooks, sidecars, ephemeral containers, `kubectl exec` and `kubectl logs` (the logs are
  files), and of the volumes emptyDir, secret, configMap, downwardAPI and projected.
- It looks at no taint, request or affinity when it binds.

`node` is the entry; it knows the dev cluster, but nothing of charts, operator or emulator.
"""
