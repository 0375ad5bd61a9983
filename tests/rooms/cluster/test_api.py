"""Requests to an API server, against a real HTTP server that plays it at its best and at its worst."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from quantumjob_operator.cluster.api import Api, ClusterError, Conflict, NotFound
from quantumjob_operator.cluster.objects import PLURALS, Objects
from rooms.azure.misbehaving import (
    Behaviour,
    MisbehavingServer,
    answers,
    drops,
    says,
    speaks_gibberish,
    stays_silent,
    truncates,
)
from rooms.cluster.connecting import PAGE, configured_by, connected, status

PATH = "/api/v1/namespaces/research/configmaps/programs"


async def test_an_answer_is_its_json(server: MisbehavingServer, api: Api) -> None:
    """Nothing is rebuilt on the way, and the token goes along."""
    server.plays(says({"kind": "ConfigMap", "data": {"bell.json": "{}"}}))
    assert await api.request("GET", PATH) == {"kind": "ConfigMap", "data": {"bell.json": "{}"}}
    (received,) = server.received
    assert (received.method, received.target) == ("GET", PATH)
    assert received.headers["authorization"] == "Bearer throw-away"


async def test_a_merge_patch_goes_out_as_one(server: MisbehavingServer, api: Api) -> None:
    """Nulls stay nulls: they take fields away."""
    server.plays(says({}))
    await api.patch(PATH, {"status": {"error": None, "state": "Waiting"}})
    (received,) = server.received
    assert received.headers["content-type"] == "application/merge-patch+json"
    assert json.loads(received.body) == {"status": {"error": None, "state": "Waiting"}}
    assert received.query == {"fieldManager": ["quantumjob-operator"]}


async def test_a_netrc_file_is_none_of_its_business(
    server: MisbehavingServer, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password for everything else in it is no reason to give up our own token, nor to refuse two of them."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    server.plays(says({}))
    await api.request("GET", PATH)
    assert server.received[0].headers["authorization"] == "Bearer throw-away"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What an answer is to be taken for."""

    kind: type[ClusterError]
    code: int | None
    reason: str


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        pytest.param(status(404, "NotFound"), Wrong(NotFound, 404, "NotFound"), id="no such object"),
        pytest.param(status(409, "Conflict"), Wrong(Conflict, 409, "Conflict"), id="somebody was faster"),
        pytest.param(status(409, "AlreadyExists"), Wrong(Conflict, 409, "AlreadyExists"), id="the name is taken"),
        pytest.param(status(403, "Forbidden"), Wrong(ClusterError, 403, "Forbidden"), id="not allowed"),
        pytest.param(status(422, "Invalid"), Wrong(ClusterError, 422, "Invalid"), id="refused by the schema"),
        pytest.param(
            status(429, "TooManyRequests"), Wrong(ClusterError, 429, "TooManyRequests"), id="too many requests"
        ),
        pytest.param(
            status(500, "InternalError"), Wrong(ClusterError, 500, "InternalError"), id="a fault of the API server"
        ),
        pytest.param(
            answers(404, b"404 page not found\n"),
            Wrong(ClusterError, 404, "Unexpected"),
            id="a kind that is not served",
        ),
        pytest.param(answers(404, PAGE), Wrong(ClusterError, 404, "Unexpected"), id="a 404 of a proxy"),
        pytest.param(says({"error": "no route"}, 404), Wrong(ClusterError, 404, "Unexpected"), id="a 404 of a gateway"),
        pytest.param(answers(502, PAGE), Wrong(ClusterError, 502, "Unexpected"), id="an error page in HTML"),
        pytest.param(answers(503), Wrong(ClusterError, 503, "Unexpected"), id="an error without a word"),
        pytest.param(says(["?"], 500), Wrong(ClusterError, 500, "Unexpected"), id="an error in another shape"),
        pytest.param(
            says({"kind": "Status"}, 500), Wrong(ClusterError, 500, "Unexpected"), id="an error without a reason"
        ),
        pytest.param(answers(200, PAGE), Wrong(ClusterError, 200, "Unreadable"), id="a success in HTML"),
        pytest.param(answers(200), Wrong(ClusterError, 200, "Unreadable"), id="a success without a word"),
        pytest.param(says(["?"]), Wrong(ClusterError, 200, "Unreadable"), id="a success in another shape"),
        pytest.param(drops(), Wrong(ClusterError, None, "ServerDisconnectedError"), id="a connection that closes"),
        pytest.param(truncates(), Wrong(ClusterError, None, "ClientPayloadError"), id="an answer that is cut off"),
        pytest.param(
            speaks_gibberish(), Wrong(ClusterError, None, "ClientResponseError"), id="an answer that is no HTTP"
        ),
    ],
)
async def test_what_goes_wrong_has_one_class_of_errors(
    server: MisbehavingServer, api: Api, behaviour: Behaviour, expected: Wrong
) -> None:
    """Only the API server's own word makes something absent or a conflict."""
    server.plays(behaviour)
    with pytest.raises(ClusterError) as caught:
        await api.request("GET", PATH)
    assert Wrong(type(caught.value), caught.value.status, caught.value.reason) == expected
    assert f"GET {PATH}" in str(caught.value)


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(drops(), id="after a connection that closes"),
        pytest.param(truncates(), id="after an answer that is cut off"),
        pytest.param(status(500, "InternalError"), id="after a fault of the API server"),
        pytest.param(status(409, "Conflict"), id="after a conflict"),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "POST"])
async def test_a_write_is_sent_once(server: MisbehavingServer, api: Api, method: str, behaviour: Behaviour) -> None:
    """Whether it is written again is a decision on new facts; an Event would stand there twice."""
    server.plays(behaviour)
    with pytest.raises(ClusterError):
        await api.request(method, PATH, {"a": 1})
    assert len(server.received) == 1


async def test_the_api_server_is_heard_in_its_own_words(server: MisbehavingServer, api: Api) -> None:
    """A validation error names the field, and that must get into the log."""
    server.plays(status(422, "Invalid", "spec.provider: too long"))
    with pytest.raises(ClusterError, match=r"spec\.provider: too long"):
        await api.request("POST", PATH, {})


async def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart of the API server is an error like any other."""
    with socket.socket() as taken:
        # Bound and not listening: nobody else gets the port, and connecting to it is refused.
        taken.bind(("127.0.0.1", 0))
        api = await connected(f"http://127.0.0.1:{taken.getsockname()[1]}", tmp_path, monkeypatch)
        with pytest.raises(ClusterError) as caught:
            await api.request("GET", PATH)
        await api.close()
    assert (caught.value.status, caught.value.reason) == (None, "ClientConnectorError")


@pytest.mark.looptime
async def test_a_server_that_stays_silent(server: MisbehavingServer, api: Api) -> None:
    """A request ends by itself, in virtual time here."""
    server.plays(stays_silent())
    with pytest.raises(ClusterError) as caught:
        await api.request("GET", PATH)
    assert caught.value.status is None
    assert "Timeout" in caught.value.reason


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param("apiVersion: v1\nkind: Config\n", id="a file without a context"),
    ],
)
async def test_without_a_configuration_nothing_is_connected(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator says so at its start and ends."""
    file = tmp_path / "kubeconfig"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    configured_by(file, monkeypatch)
    for name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ClusterError) as caught:
        await Api.connect()
    assert caught.value.reason == "NoConfiguration"


@pytest.mark.parametrize(
    ("behaviour", "served"),
    [
        pytest.param(says({"resources": [{"name": one} for one in PLURALS]}), True, id="all kinds"),
        pytest.param(says({"resources": [{"name": one} for one in PLURALS[1:]]}), False, id="some of them"),
        pytest.param(says({}), False, id="an empty group"),
        pytest.param(answers(404, b"404 page not found\n"), False, id="no such group"),
    ],
)
async def test_whether_all_kinds_are_served(
    server: MisbehavingServer, api: Api, behaviour: Behaviour, *, served: bool
) -> None:
    """Before that no watch can begin."""
    server.plays(behaviour)
    assert await Objects(api).served() is served


@pytest.mark.parametrize(
    ("behaviour", "raises"),
    [
        pytest.param(status(404, "NotFound"), False, id="the API server says so"),
        pytest.param(answers(404, b"404 page not found\n"), True, id="the kind is not served at the moment"),
        pytest.param(answers(404, PAGE), True, id="a proxy says so"),
        pytest.param(answers(200, PAGE), True, id="a proxy answers something else"),
    ],
)
async def test_when_a_job_is_absent(server: MisbehavingServer, api: Api, behaviour: Behaviour, *, raises: bool) -> None:
    """A read that failed must not look like a deletion: the remote job would be cancelled."""
    server.plays(behaviour)
    found: Any = "unasked"
    try:
        found = await Objects(api).read_job("research", "bell")
    except ClusterError:
        assert raises
    else:
        assert (found, raises) == (None, False)
