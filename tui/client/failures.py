"""Why a server cannot be reached, in one sentence for a person: the address and who is to blame.

A pure function of the exception and of the way that was tried.
"""

import errno
import os
import re
import socket
import ssl
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from websockets.exceptions import (
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidProxyMessage,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    SecurityError,
)

from tui.client.address import origin, public_url
from tui.client.errors import Unreachable

_TOO_MANY_REQUESTS: Final = 429
_PROXY_AUTHENTICATION: Final = 407
_LATER: Final = frozenset({408, 425, _TOO_MANY_REQUESTS})
"""The refusals that mean the moment and not the question."""

# asyncio joins the failures of a name with several addresses into one text.
_NUMBERS: Final = re.compile(r"\[Errno (\d+)\]")

_NO_WAY: Final = {errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EHOSTDOWN}
_CUT: Final = {errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE}
_NO_FILES: Final = {errno.EMFILE, errno.ENFILE}


class Way(NamedTuple):
    """Where a connection was tried; ``proxy`` is the one of the environment, if it was used."""

    url: str = ""
    proxy: str | None = None
    sent_by: str = ""
    """The server that was asked, when it has sent us on to this one."""

    @property
    def server(self) -> str:
        return origin(self.url) or "the server"

    @property
    def first(self) -> str:
        """Whom this machine itself connects to."""
        return self.proxy_name if self.proxy else self.server

    @property
    def proxy_name(self) -> str:
        return f"the proxy {origin(self.proxy) or 'of your environment'}"

    @property
    def host(self) -> str:
        """The name that is looked up."""
        return urlsplit(self.proxy or self.url).hostname or "the server"


def describe(error: Exception, way: Way) -> str:
    """Why a connection failed: one sentence that names the address, without a password."""
    if isinstance(error, Unreachable):
        return error.sentence
    said = _said(error, way)
    if way.sent_by:
        return f"{origin(way.sent_by)} sends its visitors on, but {said}."
    if way.url and said.startswith((way.server, public_url(way.url))):
        return f"{said}."  # an address is written as it is typed
    return f"{said[0].upper()}{said[1:]}."


def could_pass(error: Exception) -> bool:
    """Whether an attempt that failed may succeed later although nobody does anything about it.

    What only a person can change does not pass: an address, a proxy or a certificate that is wrong,
    and an answer that means the question and not the moment.
    """
    match error:
        case ssl.SSLCertVerificationError() | UnicodeError() | ImportError():
            return False
        case InvalidStatus() | InvalidProxyStatus():
            code = error.response.status_code
            return code >= 500 or code in _LATER
        case InvalidMessage() | InvalidProxyMessage():
            return isinstance(error.__cause__, EOFError | OSError)
        case OSError():
            return True
        case _:
            return type(error) is ProxyError


def _said(error: Exception, way: Way) -> str:  # noqa: PLR0911 (one sentence per cause)
    match error:
        case ProxyError() | InvalidProxy() | ImportError():
            return _of_proxy(error, way)
        case InvalidStatus():
            return _of_status(error, way)
        case InvalidMessage(__cause__=EOFError() | OSError()):
            return f"{way.server} closed the connection before it answered{_through(way)}"
        case InvalidURI() | UnicodeError():
            return _of_address(error, way)
        case InvalidHandshake():
            return _of_handshake(error, way)
        case OSError():
            return _of_system(error, way)
        case _:
            return f"{way.server} cannot be reached: {_words(error)}"


def _of_proxy(error: ProxyError | InvalidProxy | ImportError, way: Way) -> str:
    proxy = way.proxy_name
    match error:
        case InvalidProxyStatus() if error.response.status_code == _PROXY_AUTHENTICATION:
            return f"{proxy} asks for a name and a password (HTTP 407)"
        case InvalidProxyStatus():
            return f"{proxy} does not lead to {way.server} (HTTP {error.response.status_code})"
        case InvalidProxyMessage(__cause__=EOFError() | OSError()):
            return f"{proxy} closed the connection before it answered"
        case InvalidProxyMessage():
            return f"what answers as {proxy} is no proxy"
        case InvalidProxy() | ImportError():  # what a SOCKS proxy needs is not installed
            return f"{proxy} cannot be used: {error.msg}"
        case _:
            return f"{proxy} does not lead to {way.server}"


def _of_status(error: InvalidStatus, way: Way) -> str:
    code = error.response.status_code
    if 300 <= code < 400 and (place := error.response.headers.get("Location")):
        return f"{way.server} sends its visitors on to {origin(place) or place} (HTTP {code})"
    if code == _TOO_MANY_REQUESTS:
        return f"{way.server} takes no more connections at this moment (HTTP {code})"
    if code >= 500:
        return f"{way.server} cannot serve at this moment (HTTP {code})"
    return f"{way.server} refused the connection (HTTP {code})"


def _of_address(error: InvalidURI | UnicodeError, way: Way) -> str:
    if isinstance(error, InvalidURI) and origin(error.uri) != origin(way.url):
        # Where the server sent us.
        return f"{way.server} sends its visitors on to {origin(error.uri) or error.uri}"
    return f"{public_url(way.url) or 'that'} is not the address of a server"


def _of_handshake(error: InvalidHandshake, way: Way) -> str:
    if type(error) is SecurityError:
        return f"{way.server} sends its visitors on to where nobody should follow: {error}"
    return f"what answers at {way.server} is no game server"


def _of_system(error: OSError, way: Way) -> str:  # noqa: PLR0911 (one sentence per cause)
    numbers = _numbers(error)
    match error:
        case ssl.SSLCertVerificationError():
            why = (error.verify_message or str(error)).rstrip(".")
            return f"the certificate of {way.server} is not trusted: {why}"
        case ssl.SSLError():
            return _no_tls(way)
        case socket.gaierror():
            return _unknown_name(error, way)
        case TimeoutError():
            return f"{way.server} does not answer{_through(way)}"
    if numbers <= {errno.ECONNREFUSED} and numbers:
        return f"nothing listens at {way.first}"
    if numbers & _NO_FILES:
        return "this machine lets the game open no more files"
    if numbers & _NO_WAY:
        return f"no network leads from this machine to {way.first}"
    if numbers & _CUT or isinstance(error, ConnectionError):
        return (
            _no_tls(way)
            if way.url.startswith("wss:") and not way.proxy
            else f"{way.first} closed the connection before it answered"
        )
    if numbers & {errno.ETIMEDOUT}:
        return f"{way.first} does not answer"
    return f"{way.first} cannot be reached: {_words(error)}"


def _numbers(error: OSError) -> AbstractSet[int]:
    """The errors of the system that a failure consists of."""
    if error.errno is not None:
        return {error.errno}
    if isinstance(error, ConnectionRefusedError):
        return {errno.ECONNREFUSED}
    return {int(number) for number in _NUMBERS.findall(str(error))}


def _no_tls(way: Way) -> str:
    plain = f"ws:{way.server.removeprefix('wss:')}"
    return f"{way.server} does not speak TLS; a server without it is at {plain}"


def _unknown_name(error: socket.gaierror, way: Way) -> str:
    of_proxy = " (the proxy of your environment)" if way.proxy else ""
    if error.errno == socket.EAI_AGAIN:
        return f"the name {way.host}{of_proxy} cannot be looked up; this machine may be offline"
    return f"no machine is known as {way.host}{of_proxy}: check the spelling and the network"


def _through(way: Way) -> str:
    return f" through {way.proxy_name}" if way.proxy else ""


def _words(error: Exception) -> str:
    """What an error says of itself, which may be nothing."""
    number = error.errno if isinstance(error, OSError) else None
    said = os.strerror(number) if number else str(error)
    return said.rstrip(".") or type(error).__name__
