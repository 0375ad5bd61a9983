"""Azure I/O: the data plane of an Azure Quantum workspace, its blobs and its credentials.

Nothing outside this package imports httpx or azure.*; callers import the submodules they need. No retry lives here (the
reconciler and the poller decide when to requeue), and no meaning of a status (that is `lifecycle`).
"""
