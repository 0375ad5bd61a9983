"""A real Kubernetes control plane on loopback, without a container engine, for tests and the demo.

Must not know the operator or the emulator: it is a cluster, nothing more.
"""
