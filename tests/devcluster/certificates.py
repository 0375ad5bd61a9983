"""Throw-away TLS certificates for servers on loopback.

A new authority for each cluster and each proxy; nothing is kept.
"""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME: Final = dt.timedelta(days=30)
_CLOCK_SKEW: Final = dt.timedelta(hours=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def new_key() -> ec.EllipticCurvePrivateKey:
    """A new private key on the curve P-256: made at once, unlike an RSA key."""
    return ec.generate_private_key(ec.SECP256R1())


def write_key(key: Key, path: Path) -> Path:
    """Write a private key as PEM, unencrypted, readable by us only; return the path."""
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def write_public_key(key: ec.EllipticCurvePrivateKey, path: Path) -> Path:
    """Write the public half of a key as PEM; return the path."""
    public = key.public_key()
    path.write_bytes(public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return path


class Authority:
    """A certificate authority that lives in one folder.

    Attributes:
        ca_file: Its own certificate, as PEM: what a client has to trust.
    """

    def __init__(self, folder: Path, name: str, key: ec.EllipticCurvePrivateKey) -> None:
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = key
        self.ca_file = folder / "ca.crt"

    @classmethod
    def create(cls, folder: Path, name: str) -> Self:
        """Make an authority in a folder, which is made if absent."""
        folder.mkdir(parents=True, exist_ok=True)
        authority = cls(folder, name, new_key())
        builder = authority._builder(authority._name, authority._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        authority._sign(builder, authority.ca_file)
        return authority

    def issue_for_loopback(
        self, name: str, key: Key | None = None, /, *, addresses: Sequence[str] = (), names: Sequence[str] = ()
    ) -> tuple[Path, Path]:
        """A server certificate for 127.0.0.1 and localhost; returns the files of the certificate and its key.

        Args:
            name: Of the server.
            key: The server's; a new one on P-256 if None.
            addresses: Others that it is reached at.
            names: The same.
        """
        key = key or new_key()
        alternatives = [
            *(x509.IPAddress(ipaddress.ip_address(one)) for one in ("127.0.0.1", *addresses)),
            *(x509.DNSName(one) for one in ("localhost", *names)),
        ]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            self._builder(subject, key)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        certificate = self._sign(builder, self._folder / f"{name}.crt")
        return certificate, write_key(key, self._folder / f"{name}.key")

    def _builder(self, subject: x509.Name, key: Key) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCK_SKEW)
            .not_valid_after(now + _LIFETIME)
            .add_extension(own, critical=False)
            .add_extension(issuer, critical=False)
        )

    def _sign(self, builder: x509.CertificateBuilder, path: Path) -> Path:
        path.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return path
