"""Names of targets with a `*` that stands for anything, as price lists and policies have them."""


def fits(pattern: str, text: str) -> bool:
    """Whether a text is what the pattern means; everything but `*` stands for itself, in its own case.

    Linear in the number of stars times the length: whoever writes the pattern can't make it slow.
    """
    first, *others = pattern.split("*")
    if not others:
        return text == first
    at = len(first)
    for part in others[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.startswith(first) and text.endswith(others[-1]) and at + len(others[-1]) <= len(text)
