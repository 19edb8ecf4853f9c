"""What a server that begins tells: whoever started it, and the service manager."""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from backend.local.listening import is_local, typeable, with_port
from shared.constants import PROGRAM
from shared.serve_options import ServeOptions

_LOOPBACK_ONLY: Final = "only this machine can connect; --host 0.0.0.0 lets others in"

_log: Final = logging.getLogger(__name__)


def urls_of(options: ServeOptions, port: int) -> list[str]:
    """Where clients connect, as it can be typed; a path for a proxy comes last."""
    scheme = "wss" if options.certificate else "ws"
    urls = [f"{scheme}://{with_port(host, port)}" for host in typeable(options.hosts)]
    return [*urls, f"unix:{options.unix}"] if options.unix else urls


def announce(options: ServeOptions, urls: Sequence[str]) -> None:
    lines = [f"listening on {url}" for url in urls]
    if options.metrics_port is not None:
        lines.append(f"metrics at {options.metrics_host}, port {options.metrics_port}")
    lines += _invitation(options, urls[0])
    # Whoever started this process may not listen any more.
    with contextlib.suppress(OSError):
        print("\n".join(lines), flush=True)  # noqa: T201 (a command line)


def tell_service_manager(state: str) -> None:
    """Says how things stand to systemd, which then knows when a start has succeeded."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    if address and sys.platform != "win32":
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifying,
        ):
            notifying.sendto(state.encode(), address)


def _invitation(options: ServeOptions, url: str) -> Iterator[str]:
    """What others type, where they can reach this."""
    behind_a_proxy = options.unix or options.trust_forwarded
    local = all(is_local(host) for host in typeable(options.hosts))
    if options.public_url:
        if is_local(urlsplit(options.public_url).hostname or ""):
            _log.warning("--public-url leads every machine to itself; nobody else gets here by it")
        yield f"others type: {PROGRAM} --url {options.public_url}"
    elif not local:
        yield f"others type: {PROGRAM} --url {url}"
    elif options.host and not all(is_local(host) for host in options.host):
        _log.warning("this machine has no address that others could type")
    elif not behind_a_proxy and options.idle_exit is None:
        _log.info(_LOOPBACK_ONLY)
