"""What the tests of tenants share: a server that misbehaves, and connections to it."""

from workspace.conftest import server, transport

__all__ = ["server", "transport"]
