"""Kubernetes I/O: programs, Secrets and objects in; claims, status, ConfigMaps and Events out.

The only place that speaks with the API server, apart from kopf's watch. Nothing here decides anything.
"""
