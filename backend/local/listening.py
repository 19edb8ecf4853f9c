"""The sockets that a gateway listens on, and the addresses under which others find it."""

import errno
import os
import socket
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from typing import Final

from backend.local.forwarded import is_loopback, parsed

_BACKLOG: Final = 512
_TRIES: Final = 20
_UNIX_MODE: Final = 0o660
_ABSENT: Final = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
# No packet is sent: the system only says by which of its addresses it would go there.
_ELSEWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))

Where = tuple[socket.AddressFamily, str]


@dataclass(frozen=True, slots=True)
class Door:
    """A listening socket, and what TLS is spoken with there."""

    socket: socket.socket
    tls: SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Doors:
    """Where players come in, and where only the operator does."""

    players: Sequence[Door]
    operator: Sequence[Door] = ()


class CannotListen(Exception):
    """An address or path cannot be listened on; the message says which and why."""


def listen(hosts: Sequence[str], port: int, unix: Path | None = None) -> list[socket.socket]:
    """Listening sockets, all on one port: on all addresses of a name, on IPv4 too for ``::``.

    Raises:
        CannotListen: one of the hosts, or the path, cannot be listened on.
    """
    with ExitStack() as unopened:
        opened = []
        if hosts:
            opened += _listen_on_one_port(hosts, port)
            for each in opened:
                unopened.callback(each.close)
        if unix is not None:
            opened.append(_listen_on_path(unix))
        unopened.pop_all()
        return opened


def _listen_on_one_port(hosts: Sequence[str], port: int) -> list[socket.socket]:
    # A free port of one address can be taken on another.
    for left in reversed(range(_TRIES)):
        try:
            return _listen_everywhere(hosts, port)
        except _Taken as taken:
            if port or not left:
                raise taken.error from None
    raise AssertionError


class _Taken(Exception):
    def __init__(self, error: CannotListen) -> None:
        self.error = error


def _listen_everywhere(hosts: Sequence[str], port: int) -> list[socket.socket]:
    opened: dict[Where, socket.socket] = {}
    with ExitStack() as unopened:
        for host in hosts:
            wheres, missing = _wheres(host), None
            for where in wheres:
                if where in opened:
                    continue
                try:
                    opened[where] = _listen_at(where, port or _port_of(opened.values()))
                except OSError as error:
                    # One of a name's addresses may be missing, as IPv6 is on many machines.
                    missing = error
                    if error.errno not in _ABSENT:
                        break
                else:
                    unopened.callback(opened[where].close)
            if missing and (missing.errno not in _ABSENT or opened.keys().isdisjoint(wheres)):
                raise _refused(host, port, missing)
        unopened.pop_all()
    return list(opened.values())


def _port_of(opened: Iterable[socket.socket]) -> int:
    return next(ports(opened), 0)


def _refused(host: str, port: int, error: OSError) -> Exception:
    refused = CannotListen(_sentence(host, port, error))
    return _Taken(refused) if error.errno == errno.EADDRINUSE else refused


def _sentence(host: str, port: int, error: OSError | None) -> str:
    reason = "no such address" if error is None else error.strerror or str(error)
    if error is not None and error.errno == errno.EADDRINUSE:
        reason = "another program listens there"
    return f"cannot listen on {with_port(host, port)}: {reason}."


def _wheres(host: str) -> list[Where]:
    if host == "::":
        # Two sockets: one for both would show IPv4 addresses as IPv6, and not every system has it.
        return [(socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0")]  # noqa: S104 (it was asked for)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotListen(f"cannot listen on {host}: {reason}.") from None
    return list(dict.fromkeys((family, str(address[0])) for family, *_, address in found))


def _listen_at(where: Where, port: int) -> socket.socket:
    family, address = where
    listening = socket.create_server((address, port), family=family, backlog=_BACKLOG)
    listening.setblocking(False)
    return listening


def _listen_on_path(path: Path) -> socket.socket:
    if sys.platform == "win32" or not hasattr(socket, "AF_UNIX"):
        raise CannotListen("this system has no Unix sockets.")
    listening = socket.socket(socket.AF_UNIX)
    try:
        _remove_abandoned(path)
        listening.bind(str(path))
        path.chmod(_UNIX_MODE)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        taken = error.errno == errno.EADDRINUSE
        reason = "another program listens there" if taken else error.strerror or str(error)
        raise CannotListen(f"cannot listen on {path}: {reason}.") from None
    listening.setblocking(False)
    return listening


def _remove_abandoned(path: Path) -> None:
    """Removes the socket of a gateway that was killed; one that somebody listens on stays."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise OSError(errno.EEXIST, "a file of this name exists")
        with socket.socket(socket.AF_UNIX) as probe, suppress(ConnectionRefusedError):
            probe.connect(str(path))
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        path.unlink()


def typeable(hosts: Iterable[str]) -> list[str]:
    """The hosts that a player can type, those of other machines before this one's own."""
    found = [each for host in hosts for each in (own_addresses(host) if _is_any(host) else [host])]
    return sorted(dict.fromkeys(found), key=is_local)


def is_local(host: str) -> bool:
    """Whether a host leads each machine to itself."""
    return host == "localhost" or (host != "" and is_loopback(host))


def _is_any(host: str) -> bool:
    found = parsed(host)
    return found is not None and found.is_unspecified


def own_addresses(host: str) -> list[str]:
    """The addresses of this machine that are listened on with ``0.0.0.0`` or ``::``."""
    families = {socket.AF_INET} if ":" not in host else {socket.AF_INET, socket.AF_INET6}
    found = [
        address
        for family, elsewhere in _ELSEWHERE
        if family in families and (address := _address_towards(family, elsewhere))
    ]
    with suppress(OSError, UnicodeError):
        found += [
            str(address[0])
            for family, *_, address in socket.getaddrinfo(socket.gethostname(), None)
            if family in families and not str(address[0]).lower().startswith("fe80")
        ]
    return [*dict.fromkeys(each for each in found if not is_loopback(each)), "127.0.0.1"]


def _address_towards(family: socket.AddressFamily, elsewhere: str) -> str | None:
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((elsewhere, 9))
        return str(probe.getsockname()[0])
    return None


def with_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def ports(opened: Iterable[socket.socket]) -> Iterator[int]:
    """The ports of sockets that have one."""
    for each in opened:
        name = each.getsockname()
        if isinstance(name, tuple):
            yield name[1]
