"""State and seats together: what is kept, offered, let go and forgotten."""

import asyncio
from typing import Any

import pytest

from shared.board import Mark
from shared.errors import ErrorCode, Refusal
from shared.messages import (
    Ping,
    Played,
    Pong,
    Replaced,
    Resumed,
)
from tests.tui.client.bench import (
    TOKEN_O,
    TOKEN_X,
    error,
    seated,
    until,
)
from tests.tui.scripted import Server
from tests.tui.snapshots import CODE, NEXT, NOW, game
from tui.client.address import Located
from tui.client.errors import ELSEWHERE
from tui.client.seats import Seats
from tui.client.state import ClientState, ConnectionStatus, Happening, Missed, Table


async def test_another_players_gateway_on_the_port(
    opened: Any, server: Server, tmp_path: Any
) -> None:
    """Where other games are served meanwhile a game is neither gone nor forgotten, and goes on."""
    names = ["mine", "another", "another", "mine"]
    needs: list[str | None] = []

    async def locate(needed: str | None) -> Located:
        needs.append(needed)
        return Located(server.url, names.pop(0))

    client = await opened(Seats(tmp_path), url=locate)
    peer = await server.accepts()
    await seated(client, peer, "0")
    await peer.vanishes()
    state = await until(client, lambda state: state.failure == ELSEWHERE)
    assert (state.connection, state.tables[CODE].gone) == (ConnectionStatus.RECONNECTING, False)
    again = await server.accepts()
    request = await again.receives(id=CODE, token=TOKEN_O)
    await again.replies(request, Resumed(id=CODE, mark=Mark.O, game=game("0"), now=NOW))
    assert (
        (await until(client, lambda state: state.connection is ConnectionStatus.ONLINE))
        .tables[CODE]
        .my_turn
    )
    assert (names, needs) == ([], [None, "mine", "mine", "mine"])


async def test_seats_at_the_games_that_answer(opened: Any, server: Server, tmp_path: Any) -> None:
    """Only the seats of the games that are served now are offered, asked for and forgotten."""
    old = Seats(tmp_path)
    elsewhere = old.keep("another", NEXT, TOKEN_X)
    old.release(elsewhere)
    old.release(old.keep("mine", CODE, TOKEN_O))

    async def locate(_needed: str | None) -> Located:
        return Located(server.url, "mine")

    client = await opened(Seats(tmp_path), url=locate)
    asking = asyncio.create_task(client.resumable())
    peer = await server.accepts()
    ping = await peer.receives(id=CODE)
    await peer.replies(ping, error(ErrorCode.NO_SUCH_GAME, id=CODE))
    assert await asking == ()
    assert (old.offered("mine"), old.offered("another")) == ((), (elsewhere,))


async def test_an_answer_of_other_games(opened: Any, server: Server, tmp_path: Any) -> None:
    """A seat is not forgotten when a request for it arrives where other games are served."""
    old = Seats(tmp_path)
    seat = old.keep("mine", CODE, TOKEN_O)
    old.release(seat)
    names = ["mine", "another"]

    async def locate(_needed: str | None) -> Located:
        return Located(server.url, names.pop(0))

    client = await opened(Seats(tmp_path), url=locate)
    asking = asyncio.create_task(client.join(CODE))
    peer = await server.accepts()
    await peer.receives(id=CODE, token=TOKEN_O)
    await peer.vanishes()
    again = await server.accepts()
    request = await again.receives(id=CODE)
    await again.replies(request, error(ErrorCode.NO_SUCH_GAME, id=CODE))
    with pytest.raises(Refusal):
        await asking
    assert old.offered("mine") == (seat,)


async def test_a_subscriber_that_fails(opened: Any, server: Server) -> None:
    """A screen that fails on a state does not cost the connection."""
    client = await opened()
    peer = await server.accepts()

    def fail(state: ClientState, happening: Happening) -> None:
        raise RuntimeError

    stop = client.subscribe(fail)
    await seated(client, peer)
    stop()
    stop()
    assert CODE in client.state.tables


async def test_a_seat_taken_back_is_held_again(opened: Any, server: Server, tmp_path: Any) -> None:
    """Who takes a game back from his other terminal holds its seat as soon as the other lets go."""
    client = await opened(Seats(tmp_path))
    peer = await server.accepts()
    await seated(client, peer)
    await peer.says(Replaced(id=CODE))
    await until(client, lambda state: state.tables[CODE].replaced)
    other = Seats(tmp_path)
    (seat,) = other.offered(server.url)
    assert other.hold(seat)
    with pytest.raises(Refusal) as caught:
        await client.resume(seat)
    assert caught.value.message == "Another terminal of yours plays this game."
    asking = asyncio.create_task(client.take_back(CODE))
    request = await peer.receives(id=CODE, token=TOKEN_O)
    await peer.replies(request, Resumed(id=CODE, mark=Mark.O, game=game(), now=NOW))
    await asking
    other.release(seat)
    await peer.says(Played(id=CODE, mark=Mark.X, tile="1,1", game=game("4"), now=NOW))
    await until(client, lambda state: state.tables[CODE].game.moves == "4")
    assert other.offered(server.url) == ()


async def test_seats_that_cannot_be_saved(opened: Any, server: Server, tmp_path: Any) -> None:
    """A game is played even where its seat cannot be saved, and the state says so."""
    (tmp_path / "held").touch()
    client = await opened(Seats(tmp_path))
    peer = await server.accepts()
    await seated(client, peer)
    assert client.state.warning is not None
    assert client.state.warning.startswith("Games left here cannot be resumed")


async def test_a_game_that_ended_without_its_player(
    opened: Any, server: Server, tmp_path: Any
) -> None:
    """What became of games that were left is told once; a rematch of one of them can be resumed."""
    old = Seats(tmp_path)
    old.release(old.keep(server.url, "G0NE22", TOKEN_X))
    old.release(old.keep(server.url, CODE, TOKEN_O))
    client = await opened(Seats(tmp_path))
    asking = asyncio.create_task(client.resumable())
    peer = await server.accepts()
    over = game("03142", next=NEXT)
    for _ in range(2):
        ping = await peer.receives()
        if isinstance(ping, Ping) and ping.id == CODE:
            await peer.replies(ping, Pong(now=NOW, id=CODE, mark=None, game=over))
        else:
            await peer.replies(ping, error(ErrorCode.NO_SUCH_GAME, id="G0NE22"))
    ping = await peer.receives(id=NEXT)
    rematch = game(code=NEXT)
    await peer.replies(ping, Pong(now=NOW, id=NEXT, mark=None, game=rematch))
    ((seat, shown),) = await asking
    assert (seat.token, shown) == (TOKEN_X, rematch)
    missed = [Missed(CODE, Table(over, Mark.O)), Missed("G0NE22", None)]
    assert sorted(client.state.missed, key=lambda each: each.id, reverse=True) == missed
    client.told()
    assert client.state.missed == ()
    assert [each.id for each in old.offered(server.url)] == [NEXT]
