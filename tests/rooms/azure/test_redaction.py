"""No log record carries a secret, whichever library writes it and at whatever level."""

import io
import logging
import traceback
from collections.abc import Iterator

import httpx
import pytest

from quantumjob_operator.azure.log_redaction import redact_logging
from quantumjob_operator.model.errors import ServiceError
from rooms.azure.conftest import MakeClient
from rooms.azure.misbehaving import (
    Behaviour,
    MisbehavingServer,
    answers,
    drops,
    says,
    speaks_gibberish,
    stays_silent,
)
from rooms.azure.reading import read_output
from rooms.azure.samples import DEFINITION, JOB_ID, KEY, LOCATION, SAS, SIGNATURE, TOKEN, job

NOISY = ["", "httpx", "azure", "azure.core", "aiohttp", "urllib3", "msal", "quantumjob_operator", "asyncio"]


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """Everything that is logged, with every logger at DEBUG, as a plain handler writes it."""
    factory = logging.getLogRecordFactory()
    levels = {name: logging.getLogger(name).level for name in NOISY}
    redact_logging()
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.DEBUG)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)
    logging.setLogRecordFactory(factory)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


class Unprintable:
    """An object whose text cannot be had."""

    def __repr__(self) -> str:
        raise RuntimeError(KEY)


@pytest.mark.parametrize("logger", NOISY)
def test_secrets_in_messages_arguments_and_tracebacks(logs: io.StringIO, logger: str) -> None:
    """Wherever a secret stands in a record, it is gone before any handler sees it."""
    log = logging.getLogger(logger)
    log.debug("GET https://h/c?%s", SAS)
    log.info("headers %r", {"x-ms-quantum-api-key": KEY, "Authorization": f"Bearer {TOKEN}"})
    log.warning("%s", [(b"x-ms-quantum-api-key", KEY.encode()), (b"location", f"/c?{SAS}".encode())])
    log.error("too few arguments %s %s", KEY)  # noqa: PLE1206 - what logging makes of a mistake is the point
    log.error("%r", Unprintable())
    try:
        raise ValueError(f"https://h/c?{SAS}")  # noqa: TRY301 - the traceback is what is logged
    except ValueError:
        log.exception("failed", stack_info=True)
    text = logs.getvalue()
    assert text.count("\n") > 10
    assert not [secret for secret in ("sig=", SIGNATURE, KEY, TOKEN) if secret in text]
    assert "ValueError: https://h/c" in text


def test_harmless_records_keep_their_arguments(logs: io.StringIO, caplog: pytest.LogCaptureFixture) -> None:
    """A record without a secret is not touched, so that structured logging still sees its parts."""
    logging.getLogger("quantumjob_operator").info("job %s is %s", JOB_ID, "Waiting")
    assert caplog.records[-1].args == (JOB_ID, "Waiting")
    assert JOB_ID in logs.getvalue()


@pytest.mark.usefixtures("logs")
def test_redacting_twice_is_redacting_once() -> None:
    """A second call changes nothing."""
    before = logging.getLogRecordFactory()
    redact_logging()
    assert logging.getLogRecordFactory() is before


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(answers(403, headers={"x-ms-error-code": "AuthenticationFailed"}), id="403"),
        pytest.param(answers(404, f"?{SAS}".encode(), {"x-ms-error-code": "BlobNotFound"}), id="404"),
        pytest.param(answers(302, headers={"Location": f"http://127.0.0.1:9/c?{SAS}"}), id="a redirect with a SAS"),
        pytest.param(stays_silent(), id="a time-out"),
        pytest.param(drops(), id="a dropped connection"),
        pytest.param(speaks_gibberish(), id="no HTTP"),
    ],
)
async def test_exchanges_that_fail_leave_no_secret(
    server: MisbehavingServer, make_client: MakeClient, logs: io.StringIO, trouble: Behaviour
) -> None:
    """The HTTP libraries talk about requests with keys and signatures; neither logs nor errors show them.

    The operator's own requests get past the one of them that says most, so that it is heard here beside them.
    """
    client = make_client(seconds=0.3)
    uri = f"{server.url}/acct/job-{JOB_ID}"
    told = []
    server.plays(says({"sasUri": f"{uri}?{SAS}"}), trouble)
    with pytest.raises(ServiceError) as caught:
        await client.upload_program(JOB_ID, b"{}", "ionq.circuit.v1")
    told.append(caught.value)
    server.plays(says(job(outputDataUri=f"{uri}/outputData?{SAS}")), trouble)
    with pytest.raises(ServiceError) as caught:
        await read_output(client, 1000)
    told.append(caught.value)
    server.plays(trouble)
    with pytest.raises(ServiceError) as caught:
        await client.put_job(DEFINITION, LOCATION)
    told.append(caught.value)
    server.plays(answers(200))
    async with httpx.AsyncClient(trust_env=False) as library:
        await library.get(f"{uri}?{SAS}")
    text = logs.getvalue() + "".join("".join(traceback.format_exception(error)) + repr(error) for error in told)
    assert "HTTP Request: GET" in text
    assert not [secret for secret in ("sig=", SIGNATURE, KEY) if secret in text]
