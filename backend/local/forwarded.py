"""Whose connection it is, where proxies stand between the players and the gateway. Pure.

A proxy says for whom it connects by ``X-Forwarded-For`` or by ``Forwarded`` (RFC 7239); each proxy
adds the address of whoever connected to it at the right. Only the word of a proxy that the operator
trusts is taken, so the player is the rightmost address that is no trusted proxy's: what stands
further left was sent by the player, who may write there what he likes.
"""

import ipaddress
import re
from collections.abc import Collection, Sequence
from typing import Final

from websockets.datastructures import Headers

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNIX: Final = ""
"""The address of who comes by a Unix socket, which only the operator's proxy can open."""
UNKNOWN: Final = "unknown"
"""The address of all for whom a trusted proxy gives none that can be believed."""
HEADERS: Final = ("X-Forwarded-For", "Forwarded")

_MOST_HOPS: Final = 32
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_ELEMENT: Final = re.compile(rf'(?:[^,"]|{_QUOTED})+')
_LINE: Final = re.compile(rf'(?:[^"]|{_QUOTED})*')
_PAIR: Final = re.compile(rf'\s*([\w-]+)\s*=\s*({_QUOTED}|[^;"]*?)\s*(?:;|$)')
_WITH_PORT: Final = re.compile(r"\[([^]]+)\](?::\w+)?|([\d.]+):\w+")


def player_address(peer: str, headers: Headers, trusted: Collection[Network]) -> str:
    """The address of the player behind ``peer``, the one who connected.

    Where the two headers name two players, one of them was written by the player himself: then
    neither is believed.
    """
    if peer != UNIX and not is_trusted(peer, trusted):
        return peer
    named = {_named(name, lines, trusted) for name in HEADERS if (lines := headers.get_all(name))}
    if not named:
        return peer
    return named.pop() if len(named) == 1 else UNKNOWN


def is_trusted(address: str, trusted: Collection[Network]) -> bool:
    """Whether this is the address of a proxy whose word is taken."""
    found = parsed(address)
    return found is not None and any(found in network for network in trusted)


def is_loopback(address: str) -> bool:
    """Whether a program of this machine has this address; who comes by a Unix socket has none."""
    found = parsed(address)
    return address == UNIX or (found is not None and found.is_loopback)


def parsed(address: str) -> Address | None:
    """An address as written by a system or a proxy: with a port, a zone or IPv4 within IPv6."""
    if with_port := _WITH_PORT.fullmatch(address):
        address = with_port[1] or with_port[2]
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _named(name: str, lines: Sequence[str], trusted: Collection[Network]) -> str:
    hops = _forwarded_hops(lines) if name == "Forwarded" else _listed_hops(lines)
    address = UNKNOWN
    for hop in hops[: -_MOST_HOPS - 1 : -1]:
        # A proxy may hide for whom it connects: "unknown", "_hidden".
        if (found := parsed(hop)) is None:
            return UNKNOWN
        address = str(found)
        if not is_trusted(address, trusted):
            break
    return address


def _listed_hops(lines: Sequence[str]) -> list[str]:
    return [hop.strip() for line in lines for hop in line.split(",")]


def _forwarded_hops(lines: Sequence[str]) -> list[str]:
    return [_for(element) for line in lines for element in _elements(line)] or [""]


def _elements(line: str) -> list[str]:
    # A quotation mark that is never closed makes the rest of the line unreadable.
    return _ELEMENT.findall(line) if _LINE.fullmatch(line) else [""]


def _for(element: str) -> str:
    pairs = {name.lower(): value for name, value in _PAIR.findall(element)}
    return re.sub(r"\\(.)", r"\1", pairs.get("for", "").strip('"'))
