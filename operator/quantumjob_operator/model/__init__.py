"""The values that everything speaks of, parsed once and frozen, and the names that are derived from them.

May be imported by every room and imports none. No I/O lives here, no clock and no chance.
"""
