"""Pure: what a job is expected to cost, from its program, its parameters and a dated price list.

A function of values, bounded in time and memory, since programs are anybody's. Must not live here: where the price list
is read, or what follows from an estimate (`lifecycle`). No I/O, no clock.
"""
