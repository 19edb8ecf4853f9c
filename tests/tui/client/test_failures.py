"""Every failure of a connection is one plain sentence: the address, and who is to blame."""

import asyncio
import errno
import os
import socket
import ssl

import pytest
from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.exceptions import (
    InvalidHeader,
    InvalidMessage,
    InvalidProxy,
    InvalidProxyMessage,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidUpgrade,
    InvalidURI,
    NegotiationError,
    ProxyError,
    SecurityError,
)
from websockets.http11 import Response

from tui.client.errors import Elsewhere, Unreachable
from tui.client.failures import Way, could_pass, describe

SERVER = "wss://example.org"
PLAIN = Way("ws://ada:secret@example.org:8002/game")
DIRECT = Way("wss://ada:secret@example.org/game?token=secret")
PROXIED = Way(DIRECT.url, "http://ada:secret@proxy:3128")
PROXY = "The proxy http://proxy:3128"
WAYS = (PLAIN, DIRECT, PROXIED, Way())


def answered(code: int, **headers: str) -> Response:
    return Response(code, "", Headers(headers))


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def untrusted(why: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError()
    error.verify_message = why
    return error


NOWHERE = OSError(errno.ENETUNREACH, "Connect call failed ('192.0.2.1', 443)")
TWO_REFUSED = OSError(
    "Multiple exceptions: [Errno 111] Connect call failed ('::1', 9, 0, 0), "
    "[Errno 111] Connect call failed ('127.0.0.1', 9)"
)
HALF_REFUSED = OSError(
    "Multiple exceptions: [Errno 101] Connect call failed ('::1', 9, 0, 0), "
    "[Errno 111] Connect call failed ('127.0.0.1', 9)"
)
NO_MESSAGE = "did not receive a valid HTTP response"


@pytest.mark.parametrize(
    ("error", "way", "sentence"),
    [
        (Unreachable("It sleeps."), DIRECT, "It sleeps."),
        (InvalidStatus(answered(403)), DIRECT, f"{SERVER} refused the connection (HTTP 403)."),
        (
            InvalidStatus(answered(429)),
            DIRECT,
            f"{SERVER} takes no more connections at this moment (HTTP 429).",
        ),
        (InvalidStatus(answered(503)), DIRECT, f"{SERVER} cannot serve at this moment (HTTP 503)."),
        (
            InvalidStatus(answered(302, Location="https://login.example/x?a=b")),
            DIRECT,
            f"{SERVER} sends its visitors on to https://login.example (HTTP 302).",
        ),
        (
            InvalidURI("https://there.example/game", "scheme isn't ws or wss"),
            PLAIN,
            "ws://example.org:8002 sends its visitors on to https://there.example.",
        ),
        (
            InvalidURI("wss://a..b", "no"),
            Way("wss://a..b"),
            "wss://a..b is not the address of a server.",
        ),
        (UnicodeError("idna"), Way("wss://a..b"), "wss://a..b is not the address of a server."),
        (
            SecurityError("more than 10 redirects"),
            DIRECT,
            (
                f"{SERVER} sends its visitors on to where nobody should follow: more than 10"
                " redirects."
            ),
        ),
        (
            caused(InvalidMessage(NO_MESSAGE), EOFError("connection closed")),
            DIRECT,
            f"{SERVER} closed the connection before it answered.",
        ),
        (
            caused(InvalidMessage(NO_MESSAGE), EOFError("connection closed")),
            PROXIED,
            (
                f"{SERVER} closed the connection before it answered through the proxy"
                " http://proxy:3128."
            ),
        ),
        (
            caused(InvalidMessage(NO_MESSAGE), ValueError("SSH-2.0")),
            DIRECT,
            f"What answers at {SERVER} is no game server.",
        ),
        (InvalidUpgrade("Upgrade"), DIRECT, f"What answers at {SERVER} is no game server."),
        (
            InvalidProxy("proxy", "hostname isn't provided"),
            PROXIED,
            f"{PROXY} cannot be used: hostname isn't provided.",
        ),
        (
            ImportError("needs python-socks"),
            PROXIED,
            f"{PROXY} cannot be used: needs python-socks.",
        ),
        (
            InvalidProxyStatus(answered(407)),
            PROXIED,
            f"{PROXY} asks for a name and a password (HTTP 407).",
        ),
        (
            InvalidProxyStatus(answered(502)),
            PROXIED,
            f"{PROXY} does not lead to {SERVER} (HTTP 502).",
        ),
        (
            caused(InvalidProxyMessage(NO_MESSAGE), EOFError()),
            PROXIED,
            f"{PROXY} closed the connection before it answered.",
        ),
        (
            caused(InvalidProxyMessage(NO_MESSAGE), ValueError()),
            PROXIED,
            "What answers as the proxy http://proxy:3128 is no proxy.",
        ),
        (ProxyError("failed"), PROXIED, f"{PROXY} does not lead to {SERVER}."),
        (
            untrusted("certificate has expired."),
            DIRECT,
            f"The certificate of {SERVER} is not trusted: certificate has expired.",
        ),
        (
            ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1)"),
            DIRECT,
            f"{SERVER} does not speak TLS; a server without it is at ws://example.org.",
        ),
        (
            ConnectionResetError(),
            DIRECT,
            f"{SERVER} does not speak TLS; a server without it is at ws://example.org.",
        ),
        (
            ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
            PLAIN,
            "ws://example.org:8002 closed the connection before it answered.",
        ),
        (TimeoutError("timed out"), DIRECT, f"{SERVER} does not answer."),
        (
            TimeoutError("timed out"),
            PROXIED,
            f"{SERVER} does not answer through the proxy http://proxy:3128.",
        ),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"),
            DIRECT,
            f"Nothing listens at {SERVER}.",
        ),
        (TWO_REFUSED, PLAIN, "Nothing listens at ws://example.org:8002."),
        (TWO_REFUSED, PROXIED, "Nothing listens at the proxy http://proxy:3128."),
        (
            HALF_REFUSED,
            DIRECT,
            f"No network leads from this machine to {SERVER}.",
        ),
        (NOWHERE, DIRECT, f"No network leads from this machine to {SERVER}."),
        (NOWHERE, PROXIED, "No network leads from this machine to the proxy http://proxy:3128."),
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            DIRECT,
            "No machine is known as example.org: check the spelling and the network.",
        ),
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            PROXIED,
            (
                "No machine is known as proxy (the proxy of your environment): check the"
                " spelling and the network."
            ),
        ),
        (
            socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
            DIRECT,
            "The name example.org cannot be looked up; this machine may be offline.",
        ),
        (
            OSError(errno.EMFILE, "Too many open files"),
            DIRECT,
            "This machine lets the game open no more files.",
        ),
        (OSError(), DIRECT, f"{SERVER} cannot be reached: OSError."),
        (
            OSError(errno.EADDRNOTAVAIL, "Connect call failed ('1.2.3.4', 1)"),
            DIRECT,
            f"{SERVER} cannot be reached: Cannot assign requested address.",
        ),
        (RuntimeError(), DIRECT, f"{SERVER} cannot be reached: RuntimeError."),
    ],
)
def test_a_failure_names_the_address_and_who_is_to_blame(
    error: Exception, way: Way, sentence: str
) -> None:
    """What keeps a player from a server is one sentence that a stranger can act upon."""
    assert describe(error, way) == sentence


ERRORS = (
    *(OSError(number, os.strerror(number)) for number in sorted(errno.errorcode)),
    *(InvalidStatus(answered(code)) for code in (200, 301, 400, 401, 404, 426, 500, 599)),
    *(InvalidProxyStatus(answered(code)) for code in (302, 403, 407, 500)),
    *(socket.gaierror(-number, "no") for number in range(1, 12)),
    *(kind() for kind in (OSError, ConnectionError, ConnectionAbortedError, BrokenPipeError)),
    *(kind() for kind in (TimeoutError, ssl.SSLError, ssl.SSLEOFError, EOFError, ValueError)),
    InvalidHeader("Upgrade"),
    NegotiationError("no"),
    TWO_REFUSED,
)


RAW = ("Errno", "Multiple exceptions", "Connect call", "..", "  ", "()")


@pytest.mark.parametrize("way", WAYS)
def test_every_failure_is_one_plain_sentence(way: Way) -> None:
    """No failure is told in the words of a library, with a password, or not at all."""
    for error in ERRORS:
        said = describe(error, way)
        assert said.count("secret") == 0, said
        assert said.endswith("."), said
        assert not [each for each in RAW if each in said], said
        assert said.startswith(("ws", "W", "N", "T", "H")), said


async def failure_at(uri: str, way: Way) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 (whatever it is, it is put into words)
        await connect(uri, proxy=None)
    assert isinstance(caught.value, Exception)
    return describe(caught.value, way)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n\r\n"])
async def test_a_secure_address_at_a_server_without(answer: bytes) -> None:
    """Who types wss:// at a ws:// server is told which address would be right."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        uri = f"wss://127.0.0.1:{port}"
        assert await failure_at(uri, Way(uri)) == (
            f"{uri} does not speak TLS; a server without it is at ws://127.0.0.1:{port}."
        )


async def test_a_server_that_drops_a_handshake() -> None:
    """A server that ends a connection before it has answered is not said to be none."""

    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(drop, "127.0.0.1", 0) as server:
        uri = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await failure_at(uri, Way(uri)) == f"{uri} closed the connection before it answered."


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        *((InvalidStatus(answered(code)), True) for code in (408, 425, 429, 500, 502, 503, 504)),
        *((InvalidStatus(answered(code)), False) for code in (200, 302, 400, 401, 403, 404, 426)),
        *((InvalidProxyStatus(answered(code)), True) for code in (429, 502, 503)),
        *((InvalidProxyStatus(answered(code)), False) for code in (403, 407)),
        (caused(InvalidMessage("no"), EOFError()), True),
        (caused(InvalidMessage("no"), ValueError()), False),
        (caused(InvalidProxyMessage("no"), EOFError()), True),
        (caused(InvalidProxyMessage("no"), ValueError()), False),
        (ProxyError("no"), True),
        (InvalidProxy("proxy", "no"), False),
        (InvalidURI("uri", "no"), False),
        (InvalidUpgrade("Upgrade", "h2c"), False),
        (SecurityError("no"), False),
        (untrusted("no"), False),
        (ssl.SSLError("no"), True),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (socket.gaierror(socket.EAI_NONAME, "no"), True),
        (UnicodeError("no"), False),
        (ImportError("no"), False),
        (Unreachable("Another program uses this port."), False),
        (Elsewhere(), True),
    ],
)
def test_what_could_pass(error: Exception, passes: bool) -> None:
    """Whoever was never online waits for what passes, and not for what only a person changes."""
    assert could_pass(error) is passes
