"""Which requests are let in: by API key or by bearer token. Nothing else compares or shows a credential."""

import hmac
from collections.abc import Callable, Iterable, Mapping


class Credentials:
    """The credentials that are accepted now.

    Args:
        api_key: The accepted API key.
        bearer_tokens: The accepted bearer tokens.
    """

    def __init__(self, api_key: str, bearer_tokens: Iterable[str] = ()) -> None:
        self.change(api_key=api_key, bearer_tokens=bearer_tokens)
        self._is_issued: Callable[[str], bool] = lambda _: False

    def accept_issued(self, is_valid: Callable[[str], bool]) -> None:
        """Accept the tokens of an identity provider too, which knows them."""
        self._is_issued = is_valid

    def change(self, *, api_key: str, bearer_tokens: Iterable[str]) -> None:
        """Accept these credentials from now on, and no others."""
        self._api_key = api_key
        self._bearer_tokens = tuple(bearer_tokens)

    def admit(self, headers: Mapping[str, str]) -> bool:
        """Return whether a request with these headers is let in."""
        if _same(headers.get("x-ms-quantum-api-key", ""), self._api_key):
            return True
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        return any(_same(token, accepted) for accepted in self._bearer_tokens) or self._is_issued(token)


def _same(offered: str, accepted: str) -> bool:
    return bool(accepted) and hmac.compare_digest(offered.encode(), accepted.encode())
