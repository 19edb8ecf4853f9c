"""The address of a server, and what seats on disk call the server there."""

from typing import Final, NamedTuple
from urllib.parse import urlsplit

_EVERYWHERE: Final = {"0.0.0.0", "::"}  # noqa: S104 (nothing listens here)


class Located(NamedTuple):
    """Where a server answers, and how seats on disk name it wherever that is."""

    url: str
    server: str


def check_url(url: str) -> str:
    """The address of a server as it is used and compared.

    Raises:
        ValueError: with what is wrong, in words.
    """
    shown = url.strip()
    try:
        parts = urlsplit(shown)
        wrong = parts.scheme not in {"ws", "wss"} or not parts.hostname or parts.port == 0
    except ValueError:
        wrong = True
    if wrong or parts.fragment or not shown.isprintable() or " " in shown:
        raise ValueError(f"{url!r} is not a server's address, such as wss://example.org/game")
    if parts.hostname in _EVERYWHERE:
        raise ValueError(
            f"{url!r} is where a server listens, not where it is reached: name its machine, such as"
            " ws://192.168.1.7:8002"
        )
    return shown.rstrip("/")


def public_url(url: str) -> str:
    """The address of a server without a password that stands in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def origin(url: str | None) -> str:
    """Scheme, host and port of an address, without a password; empty where there is no host."""
    try:
        parts = urlsplit(public_url(url or ""))
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def websocket_url(url: str) -> str:
    """The address of the websocket that a web address stands for; any other as it is."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    return parts._replace(scheme=scheme).geturl()
