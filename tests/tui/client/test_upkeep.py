"""What the client does unasked: takes its seats again, asks when silent, follows rematches."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import UNSET

from shared.board import Mark
from shared.errors import ErrorCode, Refusal
from shared.messages import (
    Joined,
    Leave,
    Left,
    Next,
    Ping,
    Played,
    Pong,
    Presence,
    Rematch,
    RematchOffered,
    Replaced,
    Resign,
    Resume,
    Resumed,
    Started,
    Watch,
    Watching,
)
from tests.tui.client.bench import (
    TOKEN_O,
    TOKEN_X,
    Hourglass,
    error,
    gives_up,
    seated,
    until,
)
from tests.tui.scripted import Server
from tests.tui.snapshots import CODE, NEXT, NOW, game, player, waiting
from tui.client.client import Client
from tui.client.seats import SavedSeat, Seats
from tui.client.state import ConnectionStatus


async def test_seats_are_resumed_after_a_drop(opened: Any, server: Server) -> None:
    """After a dropped connection the seat is taken again, the watched game watched again."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "0")
    watching = asyncio.create_task(client.watch(NEXT))
    request = await peer.receives(id=NEXT)
    await peer.replies(request, Watching(id=NEXT, game=game(code=NEXT), now=NOW))
    await watching
    await peer.vanishes()
    await until(client, lambda state: state.connection is ConnectionStatus.RECONNECTING)
    again = await server.accepts()
    requests = [await again.receives(), await again.receives()]
    assert {type(request) for request in requests} == {Resume, Watch}
    assert client.state.connection is ConnectionStatus.RECONNECTING
    for request in requests:
        if isinstance(request, Resume):
            assert request.token == TOKEN_O
            event = Resumed(id=CODE, mark=Mark.O, game=game("012", rev=9), now=NOW)
            await again.replies(request, event)
        else:
            watching_again = Watching(id=NEXT, game=game("4", code=NEXT), now=NOW)
            await again.replies(request, watching_again)
    state = await until(client, lambda state: state.connection is ConnectionStatus.ONLINE)
    assert state.tables[CODE].game.moves == "012"
    assert state.tables[NEXT].game.moves == "4"


async def test_a_game_that_ended_while_away_is_gone(opened: Any, server: Server) -> None:
    """A game that the server no longer knows is said to be gone and its seat forgotten."""
    seats = Seats(None)
    client = await opened(seats)
    peer = await server.accepts()
    await seated(client, peer)
    await peer.vanishes()
    again = await server.accepts()
    request = await again.receives(id=CODE)
    await again.replies(request, error(ErrorCode.NO_SUCH_GAME, "There is no such game.", id=CODE))
    state = await until(client, lambda state: state.connection is ConnectionStatus.ONLINE)
    assert (state.tables[CODE].gone, state.tables[CODE].error) == (True, "There is no such game.")
    assert seats.offered(server.url) == ()


async def test_a_replaced_seat_does_not_fight_back(opened: Any, server: Server) -> None:
    """The older of two terminals says so, and does not resume after a drop."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer)
    await peer.says(Replaced(id=CODE))
    await until(client, lambda state: state.tables[CODE].replaced)
    await peer.vanishes()
    again = await server.accepts()
    await until(client, lambda state: state.connection is ConnectionStatus.ONLINE)
    asking = asyncio.create_task(client.take_back(CODE))
    request = await again.receives(id=CODE, token=TOKEN_O)
    await again.replies(request, Resumed(id=CODE, mark=Mark.O, game=game(), now=NOW))
    assert not (await asking).replaced


@pytest.mark.parametrize("online", [True, False])
async def test_a_seat_that_came_loose(opened: Any, server: Server, online: bool) -> None:
    """On `not_seated` a seat that nobody holds is taken again and the move repeated."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "0")
    playing = asyncio.create_task(client.play(CODE, 4))
    request = await peer.receives(tile="1,1")
    await peer.replies(request, error(ErrorCode.NOT_SEATED, "You have no seat here.", id=CODE))
    ping = await peer.receives(id=CODE)
    assert isinstance(ping, Ping)
    truth = game("0")
    if not online:
        players = type(truth.players)(x=player(), o=player(online=False, away_at=NOW))
        truth = game("0", players=players)
    await peer.replies(ping, Pong(now=NOW, id=CODE, mark=None, game=truth))
    if online:
        with pytest.raises(Refusal):
            await playing
        assert client.state.tables[CODE].replaced
        assert client.state.tables[CODE].pending is None
        return
    resume = await peer.receives(id=CODE, token=TOKEN_O)
    await peer.replies(resume, Resumed(id=CODE, mark=Mark.O, game=game("0", rev=8), now=NOW))
    again = await peer.receives(tile="1,1", after="0")
    moved = game("04", rev=9)
    await peer.replies(again, Played(id=CODE, mark=Mark.O, tile="1,1", game=moved, now=NOW))
    await playing
    assert client.state.tables[CODE].pending is None


async def test_a_lost_push_is_noticed(opened: Any, server: Server, glass: Hourglass) -> None:
    """After 30 s of silence the client asks for the truth, then after 60 more."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer)
    await glass.asleep(30)
    glass.turn(30)
    ping = await peer.receives(id=CODE)
    assert isinstance(ping, Ping)
    await peer.replies(ping, Pong(now=NOW, id=CODE, mark=Mark.O, game=game("4")))
    await until(client, lambda state: state.tables[CODE].game.moves == "4")
    for _ in range(2):
        await glass.asleep(30)
        glass.turn(30)
    assert isinstance(await peer.receives(id=CODE), Ping)


async def test_both_want_another_game(opened: Any, server: Server, tmp_path: Any) -> None:
    """A rematch is entered by itself, at the other mark, its seat saved and the old one dropped."""
    seats = Seats(tmp_path)
    client = await opened(seats)
    peer = await server.accepts()
    await seated(client, peer, "03142")
    asking = asyncio.create_task(client.rematch(CODE))
    request = await peer.receives(id=CODE)
    assert isinstance(request, Rematch)
    over = game("03142", rev=9, rematch=Mark.O)
    await peer.replies(request, RematchOffered(id=CODE, mark=Mark.O, game=over, now=NOW))
    await asking
    led = game("03142", rev=10, next=NEXT)
    new = Next(id=NEXT, mark=Mark.X, game=game(code=NEXT))
    await peer.says(RematchOffered(id=CODE, mark=Mark.X, game=led, next=new, now=NOW))
    state = await until(client, lambda state: NEXT in state.tables)
    assert state.tables[CODE].onward == NEXT
    assert state.tables[NEXT].seat is Mark.X
    await client.__aexit__(None, None, None)
    assert [(seat.id, seat.token) for seat in seats.offered(server.url)] == [(NEXT, TOKEN_X)]


async def test_a_rematch_that_seated_an_older_connection(opened: Any, server: Server) -> None:
    """A player whose new seat went to a connection that is gone takes it, and is not replaced."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "03142")
    led = game("03142", rev=10, next=NEXT)
    new = Next(id=NEXT, mark=None, game=game(code=NEXT))
    await peer.says(RematchOffered(id=CODE, mark=None, game=led, next=new, now=NOW))
    request = await peer.receives(id=NEXT, token=TOKEN_X)
    await peer.replies(request, Resumed(id=NEXT, mark=Mark.X, game=game(code=NEXT), now=NOW))
    state = await until(client, lambda state: NEXT in state.tables)
    assert not state.tables[NEXT].replaced


async def test_an_answer_that_a_resume_has_overtaken(opened: Any, server: Server) -> None:
    """A ping answered before our own resume does not make us believe that we were replaced."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer)
    asking = asyncio.create_task(client.ping(CODE))
    ping = await peer.receives(id=CODE)
    taking = asyncio.create_task(client.take_back(CODE))
    resume = await peer.receives(id=CODE, token=TOKEN_O)
    resumed = Resumed(id=CODE, mark=Mark.O, game=game(), now=NOW + 1)
    await peer.replies(resume, resumed)
    await taking
    await peer.replies(ping, Pong(now=NOW, id=CODE, mark=None, game=game()))
    await asking
    assert not client.state.tables[CODE].replaced


async def test_a_rematch_whose_announcement_was_lost(opened: Any, server: Server) -> None:
    """A player who missed the rematch enters it with the key he has."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "03142")
    led = game("03142", rev=10, next=NEXT)
    await peer.says(Presence(id=CODE, mark=Mark.X, online=True, game=led, now=NOW))
    request = await peer.receives(id=NEXT, token=TOKEN_X)
    await peer.replies(request, Resumed(id=NEXT, mark=Mark.X, game=game(code=NEXT), now=NOW))
    state = await until(client, lambda state: state.tables[CODE].onward)
    assert state.tables[NEXT].seat is Mark.X


async def test_frames_that_mean_nothing_are_ignored(opened: Any, server: Server) -> None:
    """What the client cannot read or does not know costs neither the game nor the connection."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer)
    for frame in ("", "[]", '{"type": "play"}', '{"type": "tomorrow", "id": "K7QF2M"}'):
        await peer.says(frame)
    await peer.says(Played(id=CODE, mark=Mark.X, tile="1,1", game=game("4"), now=NOW))
    await until(client, lambda state: state.tables[CODE].game.moves == "4")


Entering = Callable[[Client, SavedSeat], Any]


ENTRIES: dict[str, tuple[Entering, Any]] = {
    "start": (
        lambda client, _: client.start(),
        Started(id=CODE, mark=Mark.O, token=TOKEN_O, game=waiting(), now=NOW),
    ),
    "start that somebody joined": (
        lambda client, _: client.start(),
        Started(id=CODE, mark=Mark.O, token=TOKEN_O, game=game(), now=NOW),
    ),
    "join": (
        lambda client, _: client.join(CODE),
        Joined(id=CODE, mark=Mark.O, token=TOKEN_O, game=game(), now=NOW),
    ),
    "match": (
        lambda client, _: client.match(),
        Joined(id=CODE, mark=Mark.O, token=TOKEN_O, game=game(), now=NOW),
    ),
    "resume": (
        lambda client, seat: client.resume(seat),
        Resumed(id=CODE, mark=Mark.O, game=game(), now=NOW),
    ),
    "watch": (
        lambda client, _: client.watch(CODE),
        Watching(id=CODE, game=game(), now=NOW),
    ),
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("how", ["cancelled", "impatient"])
async def test_a_place_that_comes_too_late_is_given_back(
    opened: Any, server: Server, tmp_path: Any, entry: str, how: str
) -> None:
    """Nobody waits for ever opposite a player whose screen shows something else."""
    enter, reply = ENTRIES[entry]
    seats = Seats(tmp_path)
    seat = SavedSeat(server.url, CODE, TOKEN_O, NOW)
    if entry == "resume":
        seats.release(seats.keep(*(seat.url, seat.id, seat.token)))
    client = await opened(seats, **({} if how == "cancelled" else {"patience": 0.05}))
    peer = await server.accepts()
    await until(client, lambda state: state.connection is ConnectionStatus.ONLINE)
    asking = asyncio.ensure_future(enter(client, seat))
    request = await peer.receives()
    await gives_up(client, asking, how)
    await peer.replies(request, reply)
    assert isinstance(await peer.receives(id=CODE), Leave)
    assert client.state.tables == {}
    resumable = [CODE] if reply.game.status == "playing" and entry != "watch" else []
    assert [seat.id for seat in Seats(tmp_path).offered(server.url)] == resumable


async def test_a_late_answer_to_who_comes_back_meanwhile(opened: Any, server: Server) -> None:
    """Who gives up and resumes again is not made to leave by the answer to the first try."""
    seats = Seats(None)
    seat = seats.keep(server.url, CODE, TOKEN_O)
    client = await opened(seats)
    peer = await server.accepts()
    first = asyncio.create_task(client.resume(seat))
    request = await peer.receives()
    await gives_up(client, first, "cancelled")
    second = asyncio.create_task(client.resume(seat))
    again = await peer.receives()
    resumed = Resumed(id=CODE, mark=Mark.O, game=game(), now=NOW)
    await peer.replies(request, resumed)
    await peer.replies(again, resumed)
    assert (await second).seat is Mark.O
    asking = asyncio.create_task(client.resign(CODE))
    assert isinstance(await peer.receives(), Resign)
    asking.cancel()


async def test_a_match_that_is_cancelled_as_it_finds_somebody(
    opened: Any, server: Server, glass: Hourglass
) -> None:
    """Who cancels a quick match while it asks again does not sit unseen at the game it finds."""
    client = await opened()
    peer = await server.accepts()
    asking = asyncio.create_task(client.match())
    first = await peer.receives()
    await peer.replies(first, Started(id=CODE, mark=Mark.X, token=TOKEN_X, game=waiting(), now=NOW))
    await asking
    await glass.asleep(4)
    glass.turn(4)
    second = await peer.receives(id=CODE)
    leaving = asyncio.create_task(client.leave(CODE))
    leave = await peer.receives(id=CODE)
    found = Joined(id=NEXT, mark=Mark.O, token=TOKEN_O, game=game(code=NEXT), now=NOW)
    await peer.replies(second, found)
    cancelled = game(rev=2, status="cancelled", turn=None)
    await peer.replies(leave, Left(id=CODE, game=cancelled, now=NOW))
    await leaving
    assert isinstance(await peer.receives(id=NEXT), Leave)
    assert client.state.tables == {}


async def test_coming_back_before_leaving_was_answered(opened: Any, server: Server) -> None:
    """A leave whose answer was lost is not repeated once the player is back at the table."""
    seats = Seats(None)
    client = await opened(seats, reply=0.02)
    peer = await server.accepts()
    await seated(client, peer)
    leaving = asyncio.create_task(client.leave(CODE))
    leave = await peer.receives()
    assert isinstance(leave, Leave)
    resuming = asyncio.create_task(client.join(CODE))
    resume = await peer.receives()
    while isinstance(resume, Leave):
        resume = await peer.receives()
    assert isinstance(resume, Resume)
    await leaving
    await peer.replies(resume, Resumed(id=CODE, mark=Mark.O, game=game(), now=NOW))
    await resuming
    await peer.replies(leave, Left(id=CODE, game=game(), now=NOW))
    ping = await peer.receives()
    assert isinstance(ping, Ping)
    assert client.state.tables[CODE].seat is Mark.O


async def test_a_rematch_that_begins_as_the_player_leaves(opened: Any, server: Server) -> None:
    """Who has left while the opponent accepted his rematch does not sit there unseen."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "03142")
    leaving = asyncio.create_task(client.leave(CODE))
    leave = await peer.receives(id=CODE)
    led = game("03142", rev=10, next=NEXT)
    new = Next(id=NEXT, mark=Mark.X, game=game(code=NEXT))
    await peer.says(RematchOffered(id=CODE, mark=Mark.O, game=led, next=new, now=NOW))
    assert isinstance(await peer.receives(id=NEXT), Leave)
    await peer.replies(leave, Left(id=CODE, game=led, now=NOW))
    await leaving
    assert client.state.tables == {}


async def test_a_connection_without_a_game_is_kept_open(
    opened: Any, server: Server, glass: Hourglass
) -> None:
    """Beside a table that is no longer his a player keeps the platform from cutting him off."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer)
    await peer.says(Replaced(id=CODE))
    await until(client, lambda state: state.tables[CODE].replaced)
    for _ in range(16):
        await glass.asleep(30)
        glass.turn(30)
    ping = await peer.receives()
    assert isinstance(ping, Ping)
    assert ping.id is UNSET
