"""Keeps secrets out of logs, whatever a library chooses to log.

HTTP libraries log whole URLs, and a blob's URL carries its SAS. Loggers and handlers can be added at any time, so the
rule sits where no record gets past it: in the factory that makes them. Deciding what a secret looks like is not done
here; `model.redaction` knows.
"""

import logging
import traceback
from typing import Any, Final

from quantumjob_operator.model.redaction import redact

_NOISY: Final = ("httpx", "azure", "aiohttp", "urllib3", "msal")
_UNFORMATTABLE: Final = "a log record could not be formatted"


class RedactingFactory:
    """Makes log records without secrets, by way of the factory that was there before."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """One record, with everything in it redacted."""
        record: logging.LogRecord = self._inner(*args, **kwargs)
        _redact_message(record)
        _redact_exception(record)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return record


def redact_logging() -> None:
    """Redact every log record of this process from now on, and quiet the HTTP libraries; harmless when repeated.

    Fields handed over as `extra` are out of its reach; the libraries named here pass none.
    """
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns of every error that it raises, with the body of the identity provider's answer.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, RedactingFactory):
        logging.setLogRecordFactory(RedactingFactory(factory))


def _redact_message(record: logging.LogRecord) -> None:
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - a foreign __repr__ may raise anything, and logging would print the arguments raw
        message, record.msg, record.args = _UNFORMATTABLE, _UNFORMATTABLE, ()
    clean = redact(message)
    if clean != message:
        record.msg, record.args = clean, ()


def _redact_exception(record: logging.LogRecord) -> None:
    if not record.exc_info or record.exc_info[1] is None:
        return
    text = "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
    clean = redact(text)
    if clean != text:
        record.exc_info, record.exc_text = None, clean
