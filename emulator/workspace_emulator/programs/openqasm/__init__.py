"""OpenQASM 2.0, read by its own rules into a flat circuit.

Why not qdk's compiler: it reads every version as OpenQASM 3, where `1/2` is 0, `^` is no power and `opaque` is unknown,
and its `if(c==2)` was seen to take bit 0 of `c` for the most significant one. A wrong result is worse than none.
Source: "Open Quantum Assembly Language", arXiv:1707.03429v2.
"""
