"""Which requests go through a proxy of the environment, and through which.

Not left to aiohttp, which would look into ~/.netrc as well and lend the other side a password from there. Must not live
here: how a tunnel is opened, which is aiohttp's.
"""

from collections.abc import Mapping
from typing import Final
from urllib.request import proxy_bypass

import aiohttp
from multidict import CIMultiDict
from yarl import URL

_LOGIN: Final = "Proxy-Authorization"


def through(proxies: Mapping[str, str]) -> aiohttp.ClientMiddlewareType:
    """A middleware of a session.

    Args:
        proxies: URLs of proxies by scheme, and under `no` the hosts that need none, as in the environment.
    """

    async def by_way(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        proxy = _proxy_for(request.url, proxies)
        if proxy is not None:
            # Errors of aiohttp cite the URL of the proxy: a password goes in a header of its own.
            request.proxy = proxy.with_user(None)
            if proxy.user:
                login = {_LOGIN: aiohttp.encode_basic_auth(proxy.user, proxy.password or "")}
                request.headers.update({} if request.is_ssl() else login)
                request.proxy_headers = CIMultiDict(login if request.is_ssl() else {})
        return await handler(request)

    return by_way


def _proxy_for(url: URL, proxies: Mapping[str, str]) -> URL | None:
    proxy = proxies.get(url.scheme)
    if proxy is None or proxy_bypass(url.host or "", proxies):
        return None
    return URL(proxy if "://" in proxy else f"http://{proxy}")
