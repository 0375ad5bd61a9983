"""`rigetti.quil.v1` → `rigetti.quil-results.v1`: Quil read by Rigetti's own parser, run on a state vector of numpy.

Why not qdk's simulator, as for the circuits of other formats: Quil computes angles from memory that its measurements
wrote, jumps back and forth, and defines gates by matrices, so a program is no flat list of gates. Source: the Quil
specification (quil-lang.org) with its standard gates.
"""

from workspace_emulator.programs.quil.running import prepare, run

__all__ = ["prepare", "run"]
