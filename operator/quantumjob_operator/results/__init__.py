"""What a provider wrote, turned into what the output ConfigMap holds.

Lives here: reading each result format, the one normal form of counts (bit 0 is the rightmost character), and the size
limits. Must not live here: fetching a result, writing a ConfigMap, or deciding when either happens.
"""

from quantumjob_operator.results.formats import MAX_READ_BYTES, READ_WITH_THE_PROGRAM
from quantumjob_operator.results.histogram import Omitted
from quantumjob_operator.results.output import OutputData, OutputFacts, Part, output_data

__all__ = ["MAX_READ_BYTES", "READ_WITH_THE_PROGRAM", "Omitted", "OutputData", "OutputFacts", "Part", "output_data"]
