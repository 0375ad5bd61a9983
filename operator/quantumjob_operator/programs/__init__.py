"""What a program says of itself, read before anything is paid.

Programs come from tenants: every reader here is bounded in time and memory, and whatever it cannot read is
`UnreadableProgram`, never an opinion. Lives here: the entry points of QIR. Must not live here: what follows from them
(`lifecycle.definition`), where a program is stored (`cluster.references`), or what it computes.
"""

from quantumjob_operator.programs.bitstream import UnreadableProgram
from quantumjob_operator.programs.qir import entry_points

__all__ = ["UnreadableProgram", "entry_points"]
