"""Foreign text is cleaned in one place, and errors carry decisions, never secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.model.errors import Applied, Refused, Retryable
from quantumjob_operator.model.redaction import clean_text, redact

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQ"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("all is well", "all is well", id="harmless text stays"),
        pytest.param("What now? Try a=b&c", "What now? Try a=b&c", id="a question mark outside a URL stays"),
        pytest.param("GET https://h/c/b?sv=1&sig=x failed", "GET https://h/c/b failed", id="a URL loses its query"),
        pytest.param("'https://h/c?sig=x'", "'https://h/c'", id="a quoted URL loses its query"),
        pytest.param("https://h/#access_token=x", "https://h/", id="a URL loses its fragment"),
        pytest.param("https://me:pw@h/c", "https://h/c", id="a URL loses its user and password"),
        pytest.param("/c/b?sp=r&sig=abc%3D&x=1", "/c/b?sp=r&[redacted]&x=1", id="a bare query loses its signature"),
        pytest.param("s\u200big=abc", "[redacted]", id="a signature hidden by a zero-width character is found"),
        pytest.param("sig%3Dabc", "[redacted]", id="an encoded signature is found"),
        pytest.param(f"Authorization: Bearer {SECRET}", "Authorization: [redacted]", id="a bearer token is cut"),
        pytest.param("the bearer token expired", "the bearer token expired", id="the words bearer token stay"),
        pytest.param(f"ApiKey={SECRET};Quantum", "ApiKey [redacted];Quantum", id="a key in a connection string is cut"),
        pytest.param(
            f"(b'x-ms-quantum-api-key', b'{SECRET}')", "(b'x-ms-quantum-api-key [redacted]')", id="a key header is cut"
        ),
        pytest.param("eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln", "[redacted]", id="a JSON web token is cut"),
        pytest.param("a\r\nb\x00c\x1b[31m", "a  b c [31m", id="control characters become spaces"),
        pytest.param("a\u202eb\ud800c", "abc", id="direction overrides and lone surrogates go"),
        pytest.param("a\u2028b", "a b", id="a line separator becomes a space"),
    ],
)
def test_clean_text(text: str, expected: str) -> None:
    """Text from outside comes back without what must not be shown."""
    assert clean_text(text) == expected


@given(st.text(max_size=3000))
def test_cleaned_text_fits_and_is_printable(text: str) -> None:
    """Whatever comes in, at most 1 KiB of encodable text without control characters comes out."""
    cleaned = clean_text(text)
    assert len(cleaned.encode()) <= 1024
    assert not any(ord(character) < 32 for character in cleaned)


@given(st.text(max_size=200), st.sampled_from(["?sv=1&sig=", " sig=", "&SIG=", "sig%3D"]), st.text(max_size=200))
def test_no_signature_survives(before: str, key: str, after: str) -> None:
    """Wherever a signature stands, neither its name nor its value remains."""
    cleaned = clean_text(f"{before}{key}{SECRET}{after}")
    assert "sig=" not in cleaned.lower()
    assert SECRET not in cleaned


@given(st.text(alphabet="sig=%3D?&://bearer abc.-", max_size=300))
def test_redaction_is_stable(text: str) -> None:
    """What is redacted already is not changed again, so that it may happen at several places."""
    assert redact(redact(text)) == redact(text)


def test_long_text_is_cut_at_a_character() -> None:
    """Text beyond the limit ends with an ellipsis and stays valid UTF-8."""
    cleaned = clean_text("ä" * 5000)
    assert cleaned.endswith("…")
    assert 1020 <= len(cleaned.encode()) <= 1024


def test_an_error_shows_what_where_and_why() -> None:
    """Its text is for people: status, code and cleaned detail; the operation is for developers."""
    error = Refused("put_job", status=400, code="Bad\nCode", detail=f"see https://h/?sig={SECRET}", applied=Applied.NO)
    assert str(error) == "HTTP 400: Bad Code: see https://h/"
    assert "put_job" in repr(error)
    assert SECRET not in repr(error)
    assert (error.operation, error.status, error.applied) == ("put_job", 400, Applied.NO)


def test_an_outcome_is_unknown_unless_said_otherwise() -> None:
    """Nobody who forgets to say so can claim that nothing happened."""
    assert Retryable("put_job").applied is Applied.UNKNOWN
