"""A private authority, and certificates of servers that it signed."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def certificate(key, *, issuer=None, issuer_key=None, host="127.0.0.1", ends=NOW + DAY):
    """Return a certificate; without an issuer it is its own authority."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"test {host}")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 10 * DAY)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
    )
    authority_key = issuer_key or key
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        authority_key.public_key()
    )
    builder = builder.add_extension(identifier, critical=False)
    builder = builder.add_extension(authority, critical=False)
    if issuer is None:
        usage = x509.KeyUsage(
            *(False, False, False, False, False, True, True, False, False)
        )
        builder = builder.add_extension(usage, critical=True)
    else:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(authority_key, hashes.SHA256())


class Authority:
    """An authority with files in a folder.

    Attributes:
        bundle: the path of its own certificate.
    """

    def __init__(self, folder):
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._root = certificate(self._key, host="root")
        self.bundle = str(folder / "root.pem")
        root = self._root.public_bytes(serialization.Encoding.PEM)
        (folder / "root.pem").write_bytes(root)

    def server_context(self, *, signed=True, **options):
        """Return the TLS of a server; its certificate may be of another authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        if signed:
            made = certificate(key, issuer=self._root, issuer_key=self._key, **options)
        else:
            stranger_key = ec.generate_private_key(ec.SECP256R1())
            stranger = certificate(stranger_key, host="stranger")
            made = certificate(key, issuer=stranger, issuer_key=stranger_key)
        pem = self._folder / "server.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context
