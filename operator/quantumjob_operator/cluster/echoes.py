"""Which news of an object is the echo of our own writes.

Must not live here: what is known of objects (`cache`), or who is woken (`watch`).
"""

from quantumjob_operator.cluster.cache import Known
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumpolicy import QuantumPolicy


def is_echo(old: Known, new: Known) -> bool:
    """Whether a newer version shows only what the operator itself writes: status, finalizer, claim.

    Such a version is no reason for a reconciliation: else each of our patches would cut short the back-off that it
    announces. What was taken away is no echo, nor is a claim that somebody made unreadable.
    """
    if isinstance(old, QuantumPolicy) or isinstance(new, QuantumPolicy):
        return False  # the operator writes none
    if (old.generation, old.deletion_requested) != (new.generation, new.deletion_requested):
        return False
    if not set(old.finalizers) <= set(new.finalizers):
        return False
    if isinstance(old, QuantumJob) and isinstance(new, QuantumJob):
        return old.claim_unreadable == new.claim_unreadable and (old.claim is None or new.claim is not None)
    return True
