"""The server's certificate."""

import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend.local.certificates import BadCertificate, Certificate
from backend.local.gateway import serve
from backend.local.listening import Door, Doors, listen
from tests.backend.local.peer import peer
from tests.backend.memory import MemoryStore

trustme: Any = pytest.importorskip("trustme")


@pytest.fixture(scope="module")
def authority() -> Any:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def issue(authority: Any, tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """Writes a certificate and its key for a name, as one that renews them does."""

    def write(name: str) -> tuple[Path, Path]:
        issued = authority.issue_cert(name, key_type=trustme.KeyType.ECDSA)
        chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
        for path, blobs in ((chain, issued.cert_chain_pems), (key, [issued.private_key_pem])):
            fresh = path.with_suffix(".new")
            fresh.write_bytes(b"".join(blob.bytes() for blob in blobs))
            fresh.replace(path)
        return chain, key

    return write


def client_context(authority: Any) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def served_name(port: int, authority: Any) -> str:
    """The name on the certificate that a new connection is shown, which must be trusted."""
    context = client_context(authority)
    context.check_hostname = False
    async with peer(f"wss://127.0.0.1:{port}", ssl=context) as client:
        assert (await client.ask(type="ping"))["type"] == "pong"
        shown = client.socket.transport.get_extra_info("peercert")
    return str(shown["subjectAltName"][0][1])


async def test_a_renewed_certificate_is_shown_to_the_next(
    authority: Any, issue: Callable[[str], tuple[Path, Path]]
) -> None:
    """After a renewal new connections see the new certificate, and the old ones live on."""
    certificate = Certificate(*issue("old.example"))
    doors = Doors([Door(each, certificate.context) for each in listen(["127.0.0.1"], 0)])
    context = client_context(authority)
    async with (
        serve(MemoryStore(), doors=doors) as gateway,
        peer(f"wss://127.0.0.1:{gateway.port}", ssl=context, server_hostname="old.example") as ada,
    ):
        certificate.refresh()
        assert await served_name(gateway.port, authority) == "old.example"
        issue("new.example")
        certificate.refresh()
        assert await served_name(gateway.port, authority) == "new.example"
        assert (await ada.ask(type="ping"))["type"] == "pong"


async def test_a_bad_renewal_is_said_once_and_not_used(
    authority: Any,
    issue: Callable[[str], tuple[Path, Path]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While key and certificate do not fit, the server goes on with the last that did."""
    chain, key = issue("old.example")
    certificate = Certificate(chain, key)
    whole = key.read_bytes()
    key.write_bytes(b"half a key")
    for _ in range(3):
        certificate.refresh()
    [said] = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert said.startswith("the renewed certificate is not used: ")
    doors = Doors([Door(each, certificate.context) for each in listen(["127.0.0.1"], 0)])
    async with serve(MemoryStore(), doors=doors) as gateway:
        assert await served_name(gateway.port, authority) == "old.example"
        key.write_bytes(whole)
        issue("new.example")
        certificate.refresh()
        assert await served_name(gateway.port, authority) == "new.example"


def test_key_and_certificate_can_be_one_file(
    issue: Callable[[str], tuple[Path, Path]], tmp_path: Path
) -> None:
    """Some keep the key and the certificate together."""
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join(path.read_bytes() for path in issue("a.example")))
    Certificate(both, None)


def test_files_that_cannot_be_used_are_said_to_be(
    issue: Callable[[str], tuple[Path, Path]], tmp_path: Path
) -> None:
    """Which file is wrong, and how, is one sentence."""
    chain, key = issue("a.example")
    other = tmp_path / "other.pem"
    other.write_bytes(key.read_bytes())
    chain_of_b, _ = issue("b.example")
    cases = [
        (tmp_path / "none.pem", key, f"{tmp_path / 'none.pem'} cannot be read: No such file"),
        (tmp_path, key, f"{tmp_path} cannot be read: Is a directory"),
        (chain, None, f"{chain}: no certificate with its key, in PEM."),
        (key, key, "no certificate with its key, in PEM."),
        (chain_of_b, other, f"{chain_of_b} and {other} do not belong together."),
    ]
    for certificate, its_key, sentence in cases:
        with pytest.raises(BadCertificate) as bad:
            Certificate(certificate, its_key)
        assert sentence in str(bad.value)


def test_an_encrypted_key_is_not_asked_for_its_password(
    issue: Callable[[str], tuple[Path, Path]],
) -> None:
    """A server that starts by itself has nobody to type a password."""
    serialization: Any = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    chain, key = issue("a.example")
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(BadCertificate, match="is encrypted"):
        Certificate(chain, key)
