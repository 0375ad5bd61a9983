"""What is kept of an object that is gone.

Must not live here: for how long (`cluster.cache`, `controller.reconciler`).
"""

from quantumjob_operator.model.naming import FINALIZER
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.values import replace


def remains_of(job: QuantumJob) -> QuantumJob:
    """What of an object says which job may run, and how that is ended.

    Not what was sent: any number of objects may be gone whose jobs nobody can cancel yet, and each may be long.
    """
    program = replace(job.spec.program, source=None, source_base64=None)
    spec = replace(job.spec, program=program, parameters=None, metadata=None, output=None, tags=())
    kept = tuple(one for one in job.finalizers if one == FINALIZER)
    return replace(job, spec=spec, labels=None, finalizers=kept)
