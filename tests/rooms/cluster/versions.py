"""A cache after any jobs have come, changed and gone."""

from collections.abc import Iterable
from dataclasses import replace

from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.model.quantumjob import QuantumJob


def cache_after(steps: Iterable[str | QuantumJob]) -> Cache:
    """What is known after these.

    Args:
        steps: A job that has come or changed, each newer than the one before; or the uid of one that has gone.
    """
    cache = Cache()
    for number, one in enumerate(steps):
        if isinstance(one, str):
            cache.forget(one)
        else:
            cache.put_job(replace(one, resource_version=str(number + 1)))
    return cache
