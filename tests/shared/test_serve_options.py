"""The options of a server, as an operator types them."""

import argparse
from ipaddress import ip_network
from pathlib import Path

import pytest

from shared.serve_options import ServeOptions, add_to, read, words

EVERYTHING = ServeOptions(
    host=("192.0.2.1", "::1"),
    port=0,
    unix=Path("/run/noughts.sock"),
    public_url="wss://example.org/noughts",
    data=Path("-strange folder"),
    idle_exit=0,
    certificate=Path("chain.pem"),
    key=Path("key.pem"),
    allow_origin=("https://a.example", "*"),
    trust_forwarded=(ip_network("10.0.0.7"), ip_network("2001:db8::/32")),
    connections=0,
    total_connections=7,
    rate=0.5,
    games=3,
    file_size=9,
    metrics_port=9102,
    metrics_host="192.0.2.1",
    log_format="json",
    chaos=-7,
)


def parsed(*said: str) -> ServeOptions:
    parser = argparse.ArgumentParser("serve", allow_abbrev=False)
    add_to(parser)
    return read(parser.parse_args(said), parser)


def complaint(capsys: pytest.CaptureFixture[str], *said: str) -> str:
    with pytest.raises(SystemExit) as ended:
        parsed(*said)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_without_a_word_it_serves_this_machine() -> None:
    """Nothing said is nothing passed on, and a server for this machine alone."""
    assert parsed() == ServeOptions()
    assert words(ServeOptions()) == []
    assert ServeOptions().hosts == ("127.0.0.1",)


def test_what_the_app_passes_on_is_what_was_said() -> None:
    """Every option reaches the gateway as it was typed."""
    assert parsed(*words(EVERYTHING)) == EVERYTHING
    unsaid = [
        name
        for name in ServeOptions.__dataclass_fields__
        if getattr(EVERYTHING, name) == getattr(ServeOptions(), name)
    ]
    assert unsaid == []


def test_a_unix_socket_alone_opens_no_port() -> None:
    """Behind a proxy on this machine nothing else need be reachable."""
    assert parsed("--unix", "s").hosts == ()
    assert parsed("--unix", "s", "--host", "::1").hosts == ("::1",)


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://example.org", "https://example.org"),
        ("https://Example.ORG/", "https://example.org"),
        ("https://example.org:443", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("http://example.org:8080", "http://example.org:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("*", "*"),
        ("null", "null"),
    ],
)
def test_an_origin_is_as_a_browser_sends_it(typed: str, origin: str) -> None:
    """However it is typed, an origin is compared with what a browser sends."""
    assert parsed("--allow-origin", typed).allow_origin == (origin,)


@pytest.mark.parametrize(
    "typed",
    [
        *("example.org", "example.org:8080", "//example.org", "", "https://", "ftp://example.org"),
        *("https://example.org/page", "https://a b", "https://me@example.org", "https://a:x"),
        *("https://example.org?x", "wss://example.org", "https://*.example.org/x"),
    ],
)
def test_what_is_no_origin_is_refused(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An origin that no browser would ever send is refused, and told how it is written."""
    assert "as https://" in complaint(capsys, "--allow-origin", typed)


def test_an_origin_without_its_scheme_is_told_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Who forgets the scheme is shown what was meant."""
    assert "as https://play.example" in complaint(capsys, "--allow-origin", "play.example")


@pytest.mark.parametrize(
    "wrong",
    [
        *(["--port", "65536"], ["--port", "http"], ["--port", "-1"], ["--metrics-port", "x"]),
        *(["--idle-exit", "-1"], ["--idle-exit", "nan"], ["--rate", "inf"], ["--chaos", "much"]),
        *(["--connections", "-1"], ["--connections", "1.5"], ["--games", "²"]),
        *(["--total-connections", "9" * 20],),
        *(["--trust-forwarded", "proxy"], ["--trust-forwarded", "10.0.0.0/33"]),
        *(["--public-url", "example.org"], ["--public-url", "https://example.org"]),
        *(["--public-url", "ws://0.0.0.0:8002"], ["--public-url", "ws://[::]"]),
        *(["--log-format", "xml"], ["--key", "key.pem"], ["--nonsense"], ["--conn", "5"]),
    ],
)
def test_what_makes_no_sense_is_refused(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong option is explained and nothing is served."""
    assert "error: " in complaint(capsys, *wrong)
