"""How many values a JSON document holds, counted before it is read.

The standard library's reader of JSON holds the interpreter's lock for a whole document: the number of its values bounds
the time. Must not live here: how many are too many (`azure.parsing`, `cluster.api_errors`).
"""


def values_in(document: bytes, enough: int) -> int:
    """At least as many as there are in it, and none of what stands in texts unless there are very many texts.

    Args:
        document: JSON, perhaps.
        enough: So many are too many; half as many quotation marks are too many to be looked at.
    """
    marks = _marks(document)
    # In UTF-16 and UTF-32, which have zeros, a byte of another character can look like a quotation mark.
    if marks <= enough or b"\0" in document:
        return marks
    plain = document.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in document else document
    if plain.count(b'"') > enough // 2:
        return marks
    return _marks(b"".join(plain.split(b'"')[::2]))


def _marks(document: bytes) -> int:
    return sum(document.count(mark) for mark in (b",", b"[", b"{", b":"))
