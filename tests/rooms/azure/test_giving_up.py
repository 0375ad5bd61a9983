"""What was given up is not sent later: the kernel is told for how long it may try."""

import socket

import pytest

from quantumjob_operator.azure.http.transport import giving_up


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
def test_the_kernel_gives_up_with_the_request() -> None:
    """Else a PUT might arrive when a partition ends, long after nobody doubts any more."""
    address = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 0))
    with giving_up(1.5)(address) as made:
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1500
