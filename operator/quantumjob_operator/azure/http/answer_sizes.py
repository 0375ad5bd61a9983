"""How many bytes an answer may have, and all of them together. Must not live here: how they are counted (`bounds`)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_KIB: Final = 1024
_MIB: Final = 1024 * _KIB
USUAL_BYTES: Final = 256 * _KIB
MAX_BYTES: Final[Mapping[str, int]] = MappingProxyType(
    {
        # A job's answer repeats its parameters, of which a QuantumJob may hold 512 KiB; escaped they are longer. The
        # longest that was recorded from Azure has 12 KiB.
        "get_job": 2 * _MIB,
        "put_job": 2 * _MIB,
        "cancel_job": 2 * _MIB,
        "set_tags": 2 * _MIB,
        "list_jobs": 4 * _MIB,  # a page; recorded: 3.7 MiB for 2,800 rows, where a page has 100 rows by now
        "queue_position": 4 * _KIB,  # one number
        "provider_status": 512 * _KIB,  # all pages together; recorded: 7 KiB
        "quotas": 512 * _KIB,  # all pages together; recorded: 1 KiB
        "quota_usages": 256 * _KIB,  # all pages together, of one provider
    }
)
"""The most bytes that an operation may bring; all others bring `USUAL_BYTES`."""

FREE_BYTES: Final = 64 * _KIB
"""More of an answer than that has its place in the memory that all tenants share."""
ANSWER_BYTES: Final = 12 * _MIB
"""That memory: what is read, or waits to be parsed, at a time."""
