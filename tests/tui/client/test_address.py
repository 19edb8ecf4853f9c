"""The address of a server, as a player types it."""

import pytest

from tui.client.address import check_url


@pytest.mark.parametrize("url", ["ws://0.0.0.0:8002", "ws://[::]:8002/game", "wss://0.0.0.0"])
def test_where_a_server_listens_is_no_address(url: str) -> None:
    """What a server listens on leads nowhere from another machine: the player is told at once."""
    with pytest.raises(ValueError, match="not where it is reached"):
        check_url(url)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:8002", "wss://example.org/a", "ws://[::1]:1"])
def test_an_address_is_left_as_it_is(url: str) -> None:
    """Every other address is used as it was typed."""
    assert check_url(f" {url}/ ") == url
