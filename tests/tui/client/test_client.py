"""The client over real sockets, against a server that says what the test tells it to."""

import asyncio
from typing import Any

import pytest

from shared.board import Mark
from shared.errors import ErrorCode, Refusal
from shared.messages import (
    Join,
    Joined,
    Leave,
    Left,
    Ping,
    Play,
    Played,
    Pong,
    Presence,
    QuickMatch,
    Replaced,
    Resume,
    Resumed,
    Start,
    Started,
)
from tests.tui.client.bench import (
    TOKEN_O,
    TOKEN_X,
    Hourglass,
    error,
    seated,
    until,
)
from tests.tui.scripted import Server
from tests.tui.snapshots import CODE, NEXT, NOW, game, player, waiting
from tui.client.client import Unreachable
from tui.client.seats import Seats
from tui.client.state import ConnectionStatus


async def test_a_host_starts_a_game_and_is_told_who_came(opened: Any, server: Server) -> None:
    """A host sees the code at once and the opponent when he comes."""
    client = await opened()
    starting = asyncio.create_task(client.start("x", listed=True, clock=30))
    peer = await server.accepts()
    request = await peer.receives(name="Ada", mark="x", listed=True, clock=30)
    assert isinstance(request, Start)
    assert len(str(request.key)) == 22
    await peer.replies(
        request, Started(id=CODE, mark=Mark.X, token=TOKEN_X, game=waiting(), now=NOW)
    )
    table = await starting
    assert (table.id, table.seat, table.game.status) == (CODE, Mark.X, "waiting")
    await peer.says(Joined(id=CODE, mark=Mark.O, game=game(), now=NOW))
    state = await until(client, lambda state: state.tables[CODE].my_turn)
    assert state.tables[CODE].seat is Mark.X
    assert state.tables[CODE].choices == tuple(range(9))


async def test_a_move_is_pending_until_the_server_confirms_it(opened: Any, server: Server) -> None:
    """A chosen cell is shown as pending and becomes a move with the server's snapshot only."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "0")
    playing = asyncio.create_task(client.play(CODE, 4))
    request = await peer.receives(id=CODE, tile="1,1", after="0")
    assert isinstance(request, Play)
    assert client.state.tables[CODE].pending == 4
    assert client.state.tables[CODE].game.moves == "0"
    await peer.replies(request, Played(id=CODE, mark=Mark.O, tile="1,1", game=game("04"), now=NOW))
    await playing
    assert client.state.tables[CODE].pending is None
    assert client.state.tables[CODE].game.moves == "04"


async def test_a_refused_move_shows_the_sentence_and_the_truth(opened: Any, server: Server) -> None:
    """A stale move is undone, the board shows the server's and the sentence says why."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "0")
    playing = asyncio.create_task(client.play(CODE, 4))
    request = await peer.receives(id=CODE)
    truth = game("081", rev=9)
    await peer.replies(request, error(ErrorCode.STALE, "The game went on.", id=CODE, game=truth))
    with pytest.raises(Refusal) as caught:
        await playing
    assert caught.value.code is ErrorCode.STALE
    table = client.state.tables[CODE]
    assert (table.game, table.pending, table.error) == (truth, None, "The game went on.")


async def test_two_who_started_at_the_same_moment(
    opened: Any, server: Server, glass: Hourglass
) -> None:
    """A quick match that waits asks again with its own game, and moves to an older one."""
    client = await opened()
    peer = await server.accepts()
    asking = asyncio.create_task(client.match())
    first = await peer.receives()
    assert isinstance(first, QuickMatch)
    await peer.replies(first, Started(id=CODE, mark=Mark.X, token=TOKEN_X, game=waiting(), now=NOW))
    await asking
    await glass.asleep(4)
    glass.turn(4)
    second = await peer.receives(id=CODE, key=first.key)
    assert isinstance(second, QuickMatch)
    event = Joined(id=NEXT, mark=Mark.O, token=TOKEN_O, game=game(code=NEXT), now=NOW)
    await peer.replies(second, event)
    state = await until(client, lambda state: state.tables[CODE].onward)
    assert (state.tables[CODE].onward, state.tables[NEXT].seat) == (NEXT, Mark.O)


async def test_leaving_is_immediate(opened: Any, server: Server) -> None:
    """Who turns away from a running game is gone at once, and can resume it later."""
    seats = Seats(None)
    client = await opened(seats)
    peer = await server.accepts()
    await seated(client, peer)
    leaving = asyncio.create_task(client.leave(CODE))
    request = await peer.receives(id=CODE)
    assert isinstance(request, Leave)
    assert client.state.tables == {}
    await peer.replies(request, Left(id=CODE, game=game(), now=NOW))
    await leaving
    assert client.state.tables == {}
    assert [seat.id for seat in seats.offered(server.url)] == [CODE]


async def test_coming_back_in_a_new_process(opened: Any, server: Server, tmp_path: Any) -> None:
    """A new process finds the seat the old one left, sees whose turn it is, and sits down."""
    old = Seats(tmp_path)
    old.release(old.keep(server.url, CODE, TOKEN_O))
    old.release(old.keep(server.url, NEXT, TOKEN_X))
    client = await opened(Seats(tmp_path))
    peer = await server.accepts()
    asking = asyncio.create_task(client.resumable())
    for _ in range(2):
        ping = await peer.receives()
        assert isinstance(ping, Ping)
        if ping.id == NEXT:
            await peer.replies(ping, error(ErrorCode.NO_SUCH_GAME, id=NEXT))
        else:
            await peer.replies(ping, Pong(now=NOW, id=CODE, mark=None, game=game("0")))
    ((seat, shown),) = await asking
    assert (seat.id, shown.moves) == (CODE, "0")
    asking2 = asyncio.create_task(client.resume(seat))
    request = await peer.receives(id=CODE, token=TOKEN_O)
    await peer.replies(request, Resumed(id=CODE, mark=Mark.O, game=game("0"), now=NOW))
    assert (await asking2).my_turn
    assert Seats(tmp_path).offered(server.url) == ()


async def test_joining_a_game_one_sits_in_resumes_it(
    opened: Any, server: Server, tmp_path: Any
) -> None:
    """`join` with the code of a game this player left behind takes the old seat."""
    old = Seats(tmp_path)
    old.release(old.keep(server.url, CODE, TOKEN_O))
    client = await opened(Seats(tmp_path))
    peer = await server.accepts()
    asking = asyncio.create_task(client.join("k7q-f2m"))
    request = await peer.receives(id=CODE, token=TOKEN_O)
    assert isinstance(request, Resume)
    await peer.replies(request, Resumed(id=CODE, mark=Mark.O, game=game("0"), now=NOW))
    assert (await asking).seat is Mark.O


async def test_a_claim_that_is_too_early_says_when(opened: Any, server: Server) -> None:
    """The server's word on when a claim can succeed moves the countdown."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "01")
    away = type(game().players)(x=player(online=False, away_at=NOW - 20_000), o=player())
    gone = game("01", rev=5, players=away)
    await peer.says(Presence(id=CODE, mark=Mark.X, online=False, game=gone, now=NOW))
    await until(client, lambda state: state.tables[CODE].claim_at == NOW + 30_000)
    asking = asyncio.create_task(client.claim(CODE))
    request = await peer.receives(id=CODE)
    early = error(ErrorCode.TOO_EARLY, id=CODE, game=gone, retry_at=NOW + 31_000)
    await peer.replies(request, early)
    with pytest.raises(Refusal) as caught:
        await asking
    assert caught.value.retry_at == NOW + 31_000
    assert client.state.tables[CODE].claim_at == NOW + 31_000


async def test_a_bad_code_asks_nobody(opened: Any) -> None:
    """A code that cannot be one is refused without asking the server."""
    client = await opened()
    with pytest.raises(Refusal) as caught:
        await client.join("HELLO")
    assert caught.value.code is ErrorCode.BAD_REQUEST


async def test_a_refused_join_of_a_stranger(opened: Any, server: Server) -> None:
    """A refused join says why and seats nobody."""
    client = await opened()
    peer = await server.accepts()
    asking = asyncio.create_task(client.join(CODE))
    request = await peer.receives(id=CODE)
    assert isinstance(request, Join)
    await peer.replies(request, error(ErrorCode.GAME_FULL, "Both seats are taken.", id=CODE))
    with pytest.raises(Refusal) as caught:
        await asking
    assert caught.value.message == "Both seats are taken."
    assert client.state.tables == {}


async def test_taking_back_can_be_tried_again(opened: Any, server: Server) -> None:
    """A seat that could not be taken back at once is not lost."""
    client = await opened(patience=0.05)
    peer = await server.accepts()
    await until(client, lambda state: state.connection is ConnectionStatus.ONLINE)
    await seated(client, peer)
    await peer.says(Replaced(id=CODE))
    await until(client, lambda state: state.tables[CODE].replaced)
    for _ in range(2):
        with pytest.raises(Unreachable):
            await client.take_back(CODE)
