"""Requests go only where the administrator allows, judged on the parsed URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.azure.http.allowlist import AllowedOrigins, Origin, OriginError, origin_of, parse_origin
from quantumjob_operator.model.errors import Applied, EndpointNotAllowed, StorageNotAllowed

DEFAULT = AllowedOrigins()
EXTRA = AllowedOrigins.parse(["http://127.0.0.1:8080", "https://quantum.example.com", "http://emulator.svc:80/"])


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        pytest.param(DEFAULT, "https://eastus.quantum.azure.com", id="a region of Azure"),
        pytest.param(DEFAULT, "https://eastus-v2.quantum.azure.com/subscriptions/x?y=1", id="a V2 region with a path"),
        pytest.param(DEFAULT, "https://EASTUS.Quantum.Azure.COM:443/", id="upper case and the standard port"),
        pytest.param(EXTRA, "http://127.0.0.1:8080/x", id="an extra origin with its port"),
        pytest.param(EXTRA, "https://quantum.example.com:443/x", id="an extra origin with the standard port spelt out"),
        pytest.param(EXTRA, "http://emulator.svc/x", id="an extra origin with the standard port left out"),
        pytest.param(EXTRA, "https://eastus.quantum.azure.com", id="Azure stays allowed beside extra origins"),
    ],
)
def test_allowed_endpoints(allowed: AllowedOrigins, url: str) -> None:
    """Azure's own zone and the administrator's origins are allowed."""
    assert allowed.check_service("get_job", url) == origin_of(url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://eastus.quantum.azure.com", id="Azure over plain http"),
        pytest.param("https://eastus.quantum.azure.com:8443", id="Azure on another port"),
        pytest.param("https://quantum.azure.com", id="the zone itself"),
        pytest.param("https://evilquantum.azure.com", id="a host that only ends alike"),
        pytest.param("https://eastus.quantum.azure.com.evil.example", id="the zone as a prefix"),
        pytest.param("https://eastus.quantum.azure.com@evil.example", id="the zone as a user name"),
        pytest.param("https://evil.example@eastus.quantum.azure.com", id="any user name"),
        pytest.param("https://@eastus.quantum.azure.com", id="an empty user name"),
        pytest.param("https://evil.example\\.quantum.azure.com", id="a backslash"),
        pytest.param("https://evil.example/.quantum.azure.com", id="the zone in the path"),
        pytest.param("https://evil.example?.quantum.azure.com", id="the zone in the query"),
        pytest.param("https://evil.example#.quantum.azure.com", id="the zone in the fragment"),
        pytest.param("https://eastus.quantum.azure.com.", id="a final dot"),
        pytest.param("https://.quantum.azure.com", id="an empty label"),
        pytest.param("https://east..quantum.azure.com", id="an empty label inside"),
        pytest.param("https://evil%2eexample%2f.quantum.azure.com", id="escapes in the host"),
        pytest.param("https://eastus\u3002quantum.azure.com", id="another script's dot"),
        pytest.param("https://eastus.quantum.\u0430zure.com", id="a Cyrillic look-alike"),
        pytest.param("https://evil.example\t.quantum.azure.com", id="a tab"),
        pytest.param("https://evil.example\n.quantum.azure.com", id="a line break"),
        pytest.param("ftp://eastus.quantum.azure.com", id="another scheme"),
        pytest.param("//eastus.quantum.azure.com", id="no scheme"),
        pytest.param("eastus.quantum.azure.com", id="a bare host"),
        pytest.param("https://eastus.quantum.azure.com:99999", id="no possible port"),
        pytest.param("http://127.0.0.1:8081", id="an extra host on another port"),
        pytest.param("https://127.0.0.1:8080", id="an extra origin with another scheme"),
        pytest.param("http://2130706433:8080", id="an extra address spelt as a number"),
        pytest.param("https://acct.blob.core.windows.net", id="a storage host as endpoint"),
        pytest.param("", id="nothing"),
        pytest.param("https://", id="no host"),
    ],
)
def test_refused_endpoints(url: str) -> None:
    """Anything else is refused, nothing having been sent."""
    with pytest.raises(EndpointNotAllowed) as caught:
        EXTRA.check_service("get_job", url)
    assert caught.value.applied is Applied.NO


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        pytest.param("https://acct.blob.core.windows.net/c?sig=1", True, id="a storage account"),
        pytest.param("https://acct.z01.blob.storage.azure.net/c", True, id="an account with a DNS zone endpoint"),
        pytest.param("http://127.0.0.1:8080/acct/c", True, id="an extra origin"),
        pytest.param("http://acct.blob.core.windows.net/c", False, id="a storage account over plain http"),
        pytest.param("https://blob.core.windows.net/c", False, id="the zone itself"),
        pytest.param("https://acct.file.core.windows.net/c", False, id="another kind of storage"),
        pytest.param("https://eastus.quantum.azure.com/c", False, id="the service as storage"),
    ],
)
def test_storage_hosts(url: str, *, allowed: bool) -> None:
    """Programs go to blob storage of Azure or of the administrator's choice only."""
    if allowed:
        assert EXTRA.check_storage("upload_program", url)
    else:
        with pytest.raises(StorageNotAllowed):
            EXTRA.check_storage("upload_program", url)


@pytest.mark.parametrize(
    "entry",
    ["https://h/path", "https://h?x=1", "https://h#x", "https://u@h", "h:80", "https://h.", "*", "https://*.h", ""],
)
def test_entries_that_are_no_origins(entry: str) -> None:
    """The administrator's list holds plain origins; a mistake in it stops the start."""
    with pytest.raises(OriginError):
        AllowedOrigins.parse([entry])


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:80", True),
        ("http://localhost", True),
        ("http://localhost.evil.example", False),
        ("http://10.0.0.1", False),
        ("http://[::ffff:a00:1]", False),
    ],
)
def test_loopback(text: str, *, loopback: bool) -> None:
    """Only this machine's own addresses count as loopback."""
    assert parse_origin(text).is_loopback is loopback


def test_an_origin_reads_back() -> None:
    """An origin's text is the origin."""
    for origin in (Origin("https", "a.example", 443), Origin("http", "::1", 8080), Origin("https", "a", 80)):
        assert parse_origin(str(origin)) == origin


@given(st.text(alphabet="htps:/@.\\?#%aqunm-zure.com\t 2e", max_size=60))
def test_no_text_makes_an_allowed_origin_of_another_host(text: str) -> None:
    """Whatever is put before the zone, an allowed URL's host lies in it by a plain split too."""
    url = f"https://{text}.quantum.azure.com/x"
    try:
        origin = DEFAULT.check_service("get_job", url)
    except EndpointNotAllowed:
        return
    assert url.split("/")[2].lower() in {origin.host, f"{origin.host}:443"}
