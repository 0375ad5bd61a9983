"""The whole system on loopback as child processes: control plane, emulator with its storage, operator.

For the cluster tests, the demo, fault campaigns and benchmarks. Imports neither the operator nor the emulator: it
starts them as a user does and knows them by their command lines.
"""
