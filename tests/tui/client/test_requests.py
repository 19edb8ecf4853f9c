"""Requests on their way: repeated until they are answered, and given up with a sentence."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.board import Mark
from shared.errors import ErrorCode, Refusal
from shared.messages import (
    Claim,
    GameEvent,
    Leave,
    Left,
    List,
    Listed,
    Listing,
    Names,
    Play,
    Played,
    RematchOffered,
    Resign,
    Resigned,
    Resumed,
    Snapshot,
    Started,
)
from tests.tui.client.bench import (
    NOTICE,
    TOKEN_O,
    TOKEN_X,
    error,
    gives_up,
    seated,
    until,
)
from tests.tui.scripted import Server
from tests.tui.snapshots import CODE, NOW, game, waiting
from tui.client.address import Located
from tui.client.client import Unreachable
from tui.client.seats import Seats
from tui.client.state import ConnectionStatus


async def test_a_lost_reply_costs_nothing(opened: Any, server: Server) -> None:
    """A request that was unanswered when the connection broke is asked again with the same key."""
    client = await opened()
    starting = asyncio.create_task(client.start())
    peer = await server.accepts()
    first = await peer.receives()
    await peer.vanishes()
    again = await server.accepts()
    second = await again.receives()
    assert second == first
    await again.replies(
        second, Started(id=CODE, mark=Mark.X, token=TOKEN_X, game=waiting(), now=NOW)
    )
    assert (await starting).id == CODE


async def test_a_move_whose_reply_was_lost_is_a_success(opened: Any, server: Server) -> None:
    """The opponent answered a move whose reply was lost: the repeat is stale, the move stands."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "0")
    playing = asyncio.create_task(client.play(CODE, 4))
    await peer.receives(tile="1,1")
    await peer.vanishes()
    again = await server.accepts()
    resume = await again.receives(id=CODE, token=TOKEN_O)
    await again.replies(resume, Resumed(id=CODE, mark=Mark.O, game=game("048"), now=NOW))
    request = await again.receives(tile="1,1", after="0")
    stale = error(ErrorCode.STALE, id=CODE, game=game("048"))
    await again.replies(request, stale)
    await playing
    assert client.state.tables[CODE].error is None
    assert client.state.tables[CODE].game.moves == "048"


@pytest.mark.parametrize("silence", ["notice", "busy", "internal", "nothing"])
async def test_a_throttled_request_is_repeated(opened: Any, server: Server, silence: str) -> None:
    """What the gateway throttles, what is busy and what is never answered is asked again."""
    client = await opened(reply=0.02 if silence == "nothing" else 6)
    asking = asyncio.create_task(client.refresh_lobby())
    peer = await server.accepts()
    request = await peer.receives(kind="all")
    if silence == "notice":
        await peer.says(NOTICE)
    elif silence != "nothing":
        await peer.replies(request, error(ErrorCode(silence)))
    again = await peer.receives(kind="all")
    assert again == request
    await peer.replies(again, Listed(games=()))
    await asking
    assert isinstance(request, List)


async def test_patience_ends(opened: Any, server: Server) -> None:
    """A server that never answers is reported in a sentence, not waited for."""
    client = await opened(reply=0.01, patience=0.03)
    with pytest.raises(Unreachable) as caught:
        await client.start()
    assert caught.value.sentence == "The server does not answer."


@pytest.mark.parametrize(
    ("ask", "kind", "truth"),
    [
        ("resign", Resign, game("0", rev=9, status="resigned", turn=None, winner=Mark.X)),
        ("claim", Claim, game("0", rev=9, status="abandoned", turn=None, winner=Mark.O)),
    ],
)
async def test_an_end_that_was_reached_already(
    opened: Any, server: Server, ask: str, kind: type, truth: Any
) -> None:
    """A resignation or claim whose reply was lost is no error when it is repeated."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "0")
    asked: Callable[[str], Awaitable[None]] = getattr(client, ask)
    asking = asyncio.ensure_future(asked(CODE))
    request = await peer.receives(id=CODE)
    assert isinstance(request, kind)
    over = error(ErrorCode.GAME_OVER, "The game is over.", id=CODE, game=truth)
    await peer.replies(request, over)
    await asking
    assert client.state.tables[CODE].error is None
    assert client.state.tables[CODE].game == truth


async def test_a_request_that_nobody_waits_for_is_not_repeated(opened: Any, server: Server) -> None:
    """What the player has given up before it was answered is not asked on the next connection."""
    client = await opened()
    peer = await server.accepts()
    asking = asyncio.create_task(client.start())
    await peer.receives()
    await gives_up(client, asking, "cancelled")
    await peer.vanishes()
    again = await server.accepts()
    refreshing = asyncio.create_task(client.refresh_lobby())
    request = await again.receives()
    assert isinstance(request, List)
    await again.replies(request, Listed(games=()))
    await refreshing


async def test_trying_again_is_waited_for(opened: Any, server: Server) -> None:
    """What is asked while a failed connection is tried again waits for it."""
    addresses = ["what is no address", server.url]

    async def locate(_needed: str | None) -> Located:
        return Located(addresses.pop(0), "here")

    client = await opened(url=locate)
    await until(client, lambda state: state.connection is ConnectionStatus.FAILED)
    client.reconnect()
    asking = asyncio.create_task(client.refresh_lobby())
    peer = await server.accepts()
    await peer.replies(await peer.receives(), Listed(games=()))
    await asking


async def test_an_answer_that_makes_no_sense(opened: Any, server: Server) -> None:
    """A reply of another kind than was asked for is a refusal like any other, in a sentence."""
    seats = Seats(None)
    seats.keep(server.url, CODE, TOKEN_O)
    client = await opened(seats)
    peer = await server.accepts()
    for ask in (client.start, client.resumable, lambda: client.ping(CODE)):
        asking = asyncio.ensure_future(ask())
        await peer.replies(await peer.receives(), Listed(games=()))
        with pytest.raises(Refusal) as caught:
            await asking
        assert caught.value.message == "The server gave an answer that makes no sense here."


@pytest.mark.parametrize(
    "done",
    [
        Played(id=CODE, mark=Mark.O, tile="1,1", game=game("04"), now=NOW),
        Resigned(id=CODE, mark=Mark.O, game=game("0", "resigned", rev=9), now=NOW),
    ],
)
async def test_what_is_meant_outlives_every_outage(
    opened: Any, server: Server, monkeypatch: pytest.MonkeyPatch, done: GameEvent
) -> None:
    """A move or a resignation made offline is kept for longer than any patience, and arrives."""
    plays = isinstance(done, Played)
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "0")
    peer.falls_silent()
    requests = client._upkeep.requests
    with monkeypatch.context() as impatient:
        impatient.setattr(requests, "_timing", replace(requests._timing, patience=0.01))
        asking = asyncio.create_task(client.play(CODE, 4) if plays else client.resign(CODE))
        with pytest.raises(Unreachable):
            await client.refresh_lobby()
    for _ in range(3):
        await peer.vanishes()
        peer = await server.accepts()
        resume = await peer.receives(id=CODE, token=TOKEN_O)
        resumed = Resumed(id=CODE, mark=Mark.O, game=game("0"), now=NOW)
        await peer.replies(resume, resumed)
        request = await peer.receives(id=CODE)
        assert isinstance(request, Play if plays else Resign)
        table = client.state.tables[CODE]
        assert (table.pending, table.asked) == ((4, set()) if plays else (None, {"resign"}))
    await peer.replies(request, done)
    await asking
    table = client.state.tables[CODE]
    assert (table.game, table.pending, table.asked, table.error) == (done.game, None, set(), None)


async def test_what_is_meant_does_not_need_who_asked(opened: Any, server: Server) -> None:
    """A move goes on when the screen that made it is closed, and ends when the table is left."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "0")
    peer.falls_silent()
    asking = asyncio.create_task(client.play(CODE, 4))
    await until(client, lambda state: state.tables[CODE].pending == 4)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await peer.vanishes()
    peer = await server.accepts()
    resume = await peer.receives(id=CODE, token=TOKEN_O)
    await peer.replies(resume, Resumed(id=CODE, mark=Mark.O, game=game("0"), now=NOW))
    assert isinstance(await peer.receives(tile="1,1", after="0"), Play)
    leaving = asyncio.create_task(client.leave(CODE))
    assert isinstance(await peer.receives(), Leave)
    await peer.vanishes()
    peer = await server.accepts()
    leave = await peer.receives()
    assert isinstance(leave, Leave)
    await peer.replies(leave, Left(id=CODE, game=game("0"), now=NOW))
    await leaving


@pytest.mark.parametrize(
    ("code", "truth"),
    [
        (ErrorCode.STALE, game("081", rev=9)),
        (ErrorCode.GAME_OVER, game("0", "abandoned", rev=9, winner=Mark.X)),
        (ErrorCode.TILE_TAKEN, game("0", rev=9)),
    ],
)
async def test_a_kept_move_that_cannot_be_made_is_told(
    opened: Any, server: Server, code: ErrorCode, truth: Snapshot
) -> None:
    """A player who believes that he has moved is told that he has not, and why."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "0")
    playing = asyncio.create_task(client.play(CODE, 4))
    await peer.receives(tile="1,1")
    await peer.vanishes()
    peer = await server.accepts()
    resume = await peer.receives(id=CODE, token=TOKEN_O)
    await peer.replies(resume, Resumed(id=CODE, mark=Mark.O, game=truth, now=NOW))
    request = await peer.receives(tile="1,1", after="0")
    await peer.replies(request, error(code, "So it is.", id=CODE, game=truth))
    with pytest.raises(Refusal) as caught:
        await playing
    assert caught.value.message == "Your move was not made. So it is."
    table = client.state.tables[CODE]
    assert (table.pending, table.error) == (None, caught.value.message)


async def test_what_is_meant_for_the_moment_lapses(opened: Any, server: Server) -> None:
    """A claim and a word that come to nothing at once are told of, and never sent later."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "01")
    peer.falls_silent()
    saying = asyncio.create_task(client.emote(CODE, "hello"))
    await until(client, lambda state: state.latency_ms is not None)
    await peer.vanishes()
    with pytest.raises(Unreachable) as unheard:
        await saying
    assert unheard.value.sentence == "Your word may not have been heard."
    for ask, sentence in (
        (client.claim(CODE), "Nothing can be claimed without a connection."),
        (client.emote(CODE, "hello"), "Nobody hears you without a connection."),
    ):
        with pytest.raises(Unreachable) as caught:
            await ask
        assert caught.value.sentence == client.state.tables[CODE].error == sentence
    peer = await server.accepts()
    resume = await peer.receives(id=CODE, token=TOKEN_O)
    await peer.replies(resume, Resumed(id=CODE, mark=Mark.O, game=game("01"), now=NOW))
    refreshing = asyncio.create_task(client.refresh_lobby())
    request = await peer.receives()
    assert isinstance(request, List)
    await peer.replies(request, Listed(games=()))
    await refreshing


async def test_what_is_on_its_way_is_not_asked_twice(opened: Any, server: Server) -> None:
    """Whoever wants the same again while it is on its way is told so."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer, "03142")
    asking = asyncio.create_task(client.rematch(CODE))
    request = await peer.receives(id=CODE)
    with pytest.raises(Refusal) as caught:
        await client.rematch(CODE)
    assert caught.value.message == "That is on its way already."
    offered = RematchOffered(id=CODE, mark=Mark.O, game=game("03142", rev=9), now=NOW)
    await peer.replies(request, offered)
    await asking
    assert client.state.tables[CODE].asked == frozenset()


async def test_a_game_that_is_given_up_offline(opened: Any, server: Server) -> None:
    """A game that nobody has joined is cancelled, too, when its host gave it up in an outage."""
    client = await opened()
    starting = asyncio.create_task(client.start("o"))
    peer = await server.accepts()
    request = await peer.receives()
    started = Started(id=CODE, mark=Mark.O, token=TOKEN_O, game=waiting(mark=Mark.O), now=NOW)
    await peer.replies(request, started)
    await starting
    peer.falls_silent()
    leaving = asyncio.create_task(client.leave(CODE))
    await until(client, lambda state: not state.tables)
    await peer.vanishes()
    peer = await server.accepts()
    leave = await peer.receives(id=CODE)
    await peer.replies(leave, Left(id=CODE, game=waiting(mark=Mark.O), now=NOW))
    resume = await peer.receives(id=CODE, token=TOKEN_O)
    await peer.replies(resume, Resumed(id=CODE, mark=Mark.O, game=waiting(mark=Mark.O), now=NOW))
    again = await peer.receives(id=CODE)
    assert isinstance(again, Leave)
    cancelled = game(rev=9, status="cancelled", x=None)
    await peer.replies(again, Left(id=CODE, game=cancelled, now=NOW))
    await leaving
    assert client.state.tables == {}


def line(code: str, mark: Mark | None) -> Listing:
    return Listing(id=code, names=Names(x="Ada", o=None), mark=mark, clock=0, since=NOW)


async def test_both_lists_are_one_request(opened: Any, server: Server) -> None:
    """The lobby's lists come in one reply, told apart by the free seat."""
    client = await opened()
    asking = asyncio.create_task(client.refresh_lobby())
    peer = await server.accepts()
    free, played = line(CODE, Mark.O), line("AAAAAA", None)
    await peer.replies(await peer.receives(kind="all"), Listed(games=(free, played)))
    await asking
    assert (client.state.open_games, client.state.live_games) == ((free,), (played,))


async def test_a_server_that_knows_no_list_of_all_is_asked_twice(
    opened: Any, server: Server
) -> None:
    """An older server refuses what it does not know, and from then on is asked as it was before."""
    client = await opened()
    free, played = line(CODE, Mark.O), line("AAAAAA", None)
    peer = await server.accepts()
    for kinds in (("all", "open", "live"), ("open", "live")):
        asking = asyncio.create_task(client.refresh_lobby())
        for kind in kinds:
            request = await peer.receives(kind=kind)
            replies = {
                "all": error(ErrorCode.BAD_REQUEST),
                "open": Listed(games=(free,)),
                "live": Listed(games=(played,)),
            }
            await peer.replies(request, replies[kind])
        await asking
        assert (client.state.open_games, client.state.live_games) == ((free,), (played,))
