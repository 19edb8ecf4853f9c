"""Whose connection it is, behind proxies."""

from ipaddress import ip_network

import pytest
from websockets.datastructures import Headers

from backend.local.forwarded import UNIX, UNKNOWN, is_loopback, player_address

PROXIES = [ip_network("10.0.0.0/24"), ip_network("2001:db8:ffff::/48"), ip_network("127.0.0.1")]


def seen(peer: str, *lines: tuple[str, str]) -> str:
    return player_address(peer, Headers(lines), PROXIES)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "x-forwarded-for"])
@pytest.mark.parametrize(
    ("said", "player"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        # What the player wrote stands left of what the proxy has added.
        ("198.51.100.1, 192.0.2.7", "192.0.2.7"),
        ("127.0.0.1, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.9, 192.0.2.7", "192.0.2.7"),
        ("<script>, 192.0.2.7", "192.0.2.7"),
        # Proxies behind proxies.
        ("192.0.2.7, 10.0.0.9", "192.0.2.7"),
        ("198.51.100.1, 192.0.2.7, 10.0.0.9, 10.0.0.8", "192.0.2.7"),
        ("192.0.2.7, 2001:db8:ffff::1", "192.0.2.7"),
        ("10.0.0.9", "10.0.0.9"),
        # A proxy that does not tell, or tells nonsense.
        ("unknown", UNKNOWN),
        ("", UNKNOWN),
        ("192.0.2.7,", UNKNOWN),
        ("192.0.2.7, unknown, 10.0.0.9", UNKNOWN),
        ("192.0.2", UNKNOWN),
        ("192.0.2.7/24", UNKNOWN),
    ],
)
def test_the_player_is_the_rightmost_who_is_no_proxy(header: str, said: str, player: str) -> None:
    """Behind trusted proxies the player is whom the outermost of them names."""
    assert seen("10.0.0.7", (header, said)) == player


@pytest.mark.parametrize(
    ("said", "player"),
    [
        ("for=192.0.2.7", "192.0.2.7"),
        ("For=192.0.2.7;proto=https;by=10.0.0.7", "192.0.2.7"),
        ("proto=https; for=192.0.2.7", "192.0.2.7"),
        ('for="192.0.2.7:4711"', "192.0.2.7"),
        ('for="[2001:db8::7]"', "2001:db8::7"),
        ('for="[2001:db8::7]:4711";host="a,b"', "2001:db8::7"),
        ("for=198.51.100.1, for=192.0.2.7", "192.0.2.7"),
        ("for=192.0.2.7, for=10.0.0.9", "192.0.2.7"),
        ('for="_hidden"', UNKNOWN),
        ("for=unknown", UNKNOWN),
        ("proto=https", UNKNOWN),
        ("", UNKNOWN),
        # An open quotation mark must not swallow what the proxy has added.
        ('for=198.51.100.1;host=", for=192.0.2.7', UNKNOWN),
        ('for=198.51.100.1;host=", for="[2001:db8::7]:4711"', UNKNOWN),
        ('for=198.51.100.1;host="\\", for="[2001:db8::7]:4711"', UNKNOWN),
    ],
)
def test_the_standard_header_is_understood(said: str, player: str) -> None:
    """``Forwarded`` names the player as well, with its quotes, ports and other words."""
    assert seen("10.0.0.7", ("Forwarded", said)) == player


def test_lines_of_one_header_are_one_list() -> None:
    """A player cannot hide what the proxy adds by sending the header several times."""
    lines = [("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "192.0.2.7")]
    assert seen("10.0.0.7", *lines) == "192.0.2.7"


@pytest.mark.parametrize("peer", ["192.0.2.99", "2001:db8::99", "127.0.0.2", "::1", UNKNOWN])
def test_strangers_are_who_they_are(peer: str) -> None:
    """Nobody but a trusted proxy is believed, whatever it sends."""
    spoof = [("X-Forwarded-For", "192.0.2.7"), ("Forwarded", "for=192.0.2.7")]
    assert seen(peer, *spoof) == peer


@pytest.mark.parametrize("peer", ["10.0.0.7", "127.0.0.1", "::ffff:10.0.0.7", UNIX])
def test_a_proxy_without_a_word_is_itself(peer: str) -> None:
    """A trusted proxy's own question, such as its health check, is its own."""
    assert seen(peer) == peer


def test_a_player_cannot_send_the_other_header() -> None:
    """Of two headers that disagree the player wrote one, so that neither says who it is."""
    written_by_the_proxy = ("X-Forwarded-For", "192.0.2.7")
    assert seen("10.0.0.7", written_by_the_proxy, ("Forwarded", "for=192.0.2.7")) == "192.0.2.7"
    for spoof in ("for=198.51.100.1", "for=127.0.0.1", "", "nonsense"):
        assert seen("10.0.0.7", written_by_the_proxy, ("Forwarded", spoof)) == UNKNOWN


def test_a_long_chain_is_not_followed_for_ever() -> None:
    """Thousands of made-up hops cost no more than a few."""
    chain = ", ".join(["192.0.2.7", *["10.0.0.9"] * 10_000])
    assert seen("10.0.0.7", ("X-Forwarded-For", chain)) == "10.0.0.9"


def test_who_is_unknown_is_not_this_machine() -> None:
    """A player whom the proxy hides does not pass for a program of this machine."""
    assert not is_loopback(UNKNOWN)
