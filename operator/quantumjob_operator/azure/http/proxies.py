"""Which requests go through a proxy of the environment, and through which.

Not left to aiohttp, which would look into ~/.netrc as well and lend the other side a password from there. Must not live
here: how a tunnel is opened, which is aiohttp's.
"""

from collections.abc import Mapping
from urllib.request import proxy_bypass

import aiohttp
from yarl import URL


def through(proxies: Mapping[str, str]) -> aiohttp.ClientMiddlewareType:
    """A middleware of a session.

    Args:
        proxies: URLs of proxies by scheme, and under `no` the hosts that need none, as in the environment.
    """

    async def by_way(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        request.proxy = _proxy_for(request.url, proxies)
        return await handler(request)

    return by_way


def _proxy_for(url: URL, proxies: Mapping[str, str]) -> URL | None:
    proxy = proxies.get(url.scheme)
    if proxy is None or proxy_bypass(url.host or "", proxies):
        return None
    return URL(proxy if "://" in proxy else f"http://{proxy}")
