"""The clients of the function: whom they trust, where they go, what they leave undone."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import SSLError
from botocore.session import Session

from backend.aws import wiring
from backend.aws.wiring import PUSH_CONFIG, ROOTS, STORE_CONFIG, Surroundings, make_session
from backend.infra import asset, roots
from benchmarks.cold_start import ENVIRONMENT
from tests.backend.aws import broken
from tests.backend.aws.emulator import CREDENTIALS

trustme: Any = pytest.importorskip("trustme")

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2", "il-central-1", "mx-central-1", "ca-west-1")
HOST = "dynamodb.eu-west-1.amazonaws.com"


def trusted(path: Path) -> list[dict[str, Any]]:
    """The certificates that a connection which is given this file trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    return context.get_ca_certs()


def subject(certificate: dict[str, Any]) -> str:
    names: str = dict(part[0] for part in certificate["subject"])["commonName"]
    return names


def test_the_roots_are_amazons_five() -> None:
    """The function trusts the five roots of Amazon Trust Services, as botocore has them."""
    assert sorted(map(subject, trusted(ROOTS))) == sorted(roots.SUBJECTS)
    assert ROOTS.read_text() == roots.roots()
    assert len(trusted(roots.bundle())) > 100


def test_the_roots_last() -> None:
    """No root ends within a year: until then there is time to renew them."""
    ends = [ssl.cert_time_to_seconds(one["notAfter"]) for one in trusted(ROOTS)]
    assert min(ends) > datetime.now(UTC).timestamp() + 365 * 86400


def test_the_guide_says_how_long_the_roots_last() -> None:
    """The guide to the platform names the year in which the first root ends."""
    guide = (asset.ROOT / "docs" / "platform.md").read_text()
    told = re.search(r"the first of them ends in (\d{4})", guide)
    ends = [ssl.cert_time_to_seconds(one["notAfter"]) for one in trusted(ROOTS)]
    assert told is not None
    assert int(told[1]) == datetime.fromtimestamp(min(ends), UTC).year


def read(**environment: str) -> Surroundings:
    return Surroundings.read(ENVIRONMENT | environment)


@pytest.mark.parametrize(
    "environment",
    [
        {"AWS_CA_BUNDLE": "/etc/ssl/own.pem"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
        {"AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.example.org"},
        {"CALLBACK_URL": "http://127.0.0.1:4566/_aws/execute-api/abc/prod"},
        {"CALLBACK_URL": "https://play.example.org"},
        {"CALLBACK_URL": "https://amazonaws.com.example.org/prod"},
    ],
    ids=str,
)
def test_others_endpoints_are_trusted_as_usual(environment: dict[str, str]) -> None:
    """Where an endpoint or a certificate of somebody else is meant, botocore's own way holds."""
    assert read(**environment).roots is None
    assert read().roots == str(ROOTS)


@pytest.mark.parametrize("region", REGIONS)
def test_the_clients_go_where_botocore_would(region: str) -> None:
    """Without the list of all endpoints each client finds the same one, and signs for it."""

    def found(session: Session) -> tuple[str, str, str]:
        session.set_credentials("test", "test")
        client: Any = session.create_client("dynamodb", region_name=region, config=STORE_CONFIG)
        signer = client._request_signer
        return client.meta.endpoint_url, signer.region_name, signer.signing_name

    assert found(make_session()) == found(Session())


def test_the_clients_leave_undone_what_is_not_needed() -> None:
    """Parameters are not checked against the model, and the user agent is not made up each time."""
    configs: tuple[Any, ...] = (STORE_CONFIG, PUSH_CONFIG)
    for config in configs:
        assert config.parameter_validation is False
        assert config.user_agent == "noughts-tui"


@contextmanager
def https(authority: Any, folder: Path) -> Iterator[int]:
    """A DynamoDB of this machine, whose certificate is signed by this authority."""
    issued = authority.issue_cert(HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain = folder / "chain.pem"
    chain.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    context.load_cert_chain(chain)

    def serve(listener: socket.socket) -> None:
        client, _ = listener.accept()
        with client:
            try:
                secured = context.wrap_socket(client, server_side=True)
            except ssl.SSLError:
                return
            with secured:
                broken.read_request(secured)
                secured.sendall(broken.answer(200, "{}"))

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("signed", [True, False])
def test_a_handshake_trusts_the_roots_and_nobody_else(
    signed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint below one of the roots is spoken to; one that anybody else signed is not."""
    authority = trustme.CA()
    bundle = tmp_path / "roots.pem"
    bundle.write_bytes(ROOTS.read_bytes() + (authority.cert_pem.bytes() if signed else b""))
    monkeypatch.setattr(wiring, "ROOTS", bundle)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with https(authority, tmp_path) as port:
        address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [address])
        once = STORE_CONFIG.merge(Config(retries={"total_max_attempts": 1}))
        client: Any = make_session().create_client("dynamodb", config=once, verify=read().roots)
        key = {"TableName": "games", "Key": {"GameId": {"S": "K7QF2M"}}}
        if signed:
            assert client.get_item(**key)["ResponseMetadata"]["HTTPStatusCode"] == 200
        else:
            with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
                client.get_item(**key)
