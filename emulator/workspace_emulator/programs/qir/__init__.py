"""`qir.v1` → `microsoft.quantum-results.v2`: LLVM text or bitcode, inspected, then run by qirrunner."""

from workspace_emulator.programs.qir.running import prepare, run

__all__ = ["prepare", "run"]
