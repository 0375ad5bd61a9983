"""What a provider wrote, turned into what the output ConfigMap holds.

Lives here: reading each result format, the one normal form of counts (bit 0 is the rightmost character), and the size
limits. Must not live here: fetching a result, writing a ConfigMap, or deciding when either happens.
"""

from quantumjob_operator.results.histogram import Omitted
from quantumjob_operator.results.output import MAX_READ_BYTES, OutputData, OutputFacts, Part, output_data

__all__ = ["MAX_READ_BYTES", "Omitted", "OutputData", "OutputFacts", "Part", "output_data"]
