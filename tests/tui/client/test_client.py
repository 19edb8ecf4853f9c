"""The client over real sockets, against a server that says what the test tells it to."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from msgspec import UNSET

from backend.local.gateway import serve
from shared.board import Mark
from shared.errors import ErrorCode, Refusal
from shared.messages import (
    Claim,
    Error,
    GatewayNotice,
    Join,
    Joined,
    Leave,
    Left,
    List,
    Listed,
    Next,
    Ping,
    Play,
    Played,
    Pong,
    Presence,
    QuickMatch,
    Rematch,
    RematchOffered,
    Replaced,
    Resign,
    Resume,
    Resumed,
    Start,
    Started,
    Watch,
    Watching,
)
from tests.backend.memory import MemoryStore
from tests.tui.scripted import Peer, Server, scripted_server
from tests.tui.snapshots import CODE, KEY, NEXT, NOW, game, player, waiting
from tui.client.address import Located
from tui.client.client import Client, Unreachable
from tui.client.errors import ELSEWHERE
from tui.client.failures import Way, describe
from tui.client.seats import SavedSeat, Seats
from tui.client.state import ClientState, ConnectionStatus, Happening
from tui.client.timing import Timing

TOKEN_X = f"x.{KEY}"
TOKEN_O = f"o.{KEY}"
NOTICE = GatewayNotice(message="Forbidden", connection_id="a", request_id="b")

Opened = Callable[..., Client]


class Hourglass:
    """Sleeps that last until the test turns the glass; pauses below a second pass at once."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []
        self._more = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds < 1:
            await asyncio.sleep(0)
            return
        end = asyncio.Event()
        self._sleepers.append((self.now + seconds, end))
        self._more.set()
        await end.wait()

    async def asleep(self, seconds: float) -> None:
        """Waits until somebody sleeps who wakes in exactly so many seconds."""
        while not any(due == self.now + seconds for due, _ in self._sleepers):
            self._more.clear()
            await self._more.wait()

    def turn(self, seconds: float) -> None:
        self.now += seconds
        for due, end in self._sleepers:
            if due <= self.now:
                end.set()
        self._sleepers = [(due, end) for due, end in self._sleepers if due > self.now]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with scripted_server() as server:
        yield server


@pytest.fixture
def glass() -> Hourglass:
    return Hourglass()


@pytest.fixture
async def opened(server: Server, glass: Hourglass) -> AsyncIterator[Opened]:
    """Opens clients and closes them after the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_client(
            seats: Seats | None = None,
            url: Any = None,
            now_ms: Callable[[], int] = lambda: NOW,
            **timing: Any,
        ) -> Client:
            client = Client(
                url or server.url,
                seats or Seats(None),
                name="Ada",
                timing=Timing(reconnect=0.001, reconnect_most=0.01, **timing),
                now_ms=now_ms,
                monotonic=lambda: glass.now,
                random=lambda: 0.5,
                sleep=glass.sleep,
            )
            return await stack.enter_async_context(client)

        yield open_client  # type: ignore[misc]  # a coroutine function is no Client


async def until(client: Client, true: Callable[[ClientState], object]) -> ClientState:
    """The first state of which something is true."""
    if true(client.state):
        return client.state
    found: asyncio.Future[ClientState] = asyncio.get_running_loop().create_future()

    def look(state: ClientState, happening: Happening) -> None:
        if true(state) and not found.done():
            found.set_result(state)

    stop = client.subscribe(look)
    try:
        return await asyncio.wait_for(found, 5)
    finally:
        stop()


async def seated(client: Client, peer: Peer, moves: str = "") -> None:
    """Sits the client at o of a game with these moves."""
    asking = asyncio.create_task(client.join(CODE))
    request = await peer.receives(id=CODE)
    reply = Joined(id=CODE, mark=Mark.O, token=TOKEN_O, game=game(moves), now=NOW)
    await peer.replies(request, reply)
    await asking


def error(code: ErrorCode, sentence: str = "No.", **fields: Any) -> Error:
    return Error(code=code, message=sentence, now=NOW, **fields)


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
    asking = asyncio.create_task(client.refresh_lobby("live"))
    peer = await server.accepts()
    request = await peer.receives(kind="live")
    if silence == "notice":
        await peer.says(NOTICE)
    elif silence != "nothing":
        await peer.replies(request, error(ErrorCode(silence)))
    again = await peer.receives(kind="live")
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


async def test_nobody_listens(opened: Any) -> None:
    """Where nothing listens the client says so, and goes on trying."""
    client = await opened(url="ws://127.0.0.1:1", patience=0.05)
    with pytest.raises(Unreachable) as caught:
        await client.join(CODE)
    assert caught.value.sentence == "Nothing listens at ws://127.0.0.1:1."
    assert client.state.connection is ConnectionStatus.CONNECTING
    assert client.state.attempts > 0


async def test_a_server_that_is_none(opened: Any) -> None:
    """A program that does not speak the protocol is not tried again until the player says so."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as web:
        port = web.sockets[0].getsockname()[1]
        client = await opened(url=f"ws://127.0.0.1:{port}")
        state = await until(client, lambda state: state.connection is ConnectionStatus.FAILED)
        assert state.failure == f"ws://127.0.0.1:{port} refused the connection (HTTP 404)."
        with pytest.raises(Unreachable):
            await client.start()
        client.reconnect()
        await until(client, lambda state: state.connection is ConnectionStatus.CONNECTING)
        await until(client, lambda state: state.connection is ConnectionStatus.FAILED)


async def test_the_address_is_asked_for_again(opened: Any, server: Server) -> None:
    """Each connection asks where the server is, so that an embedded one is started again."""
    asked: list[int] = []

    async def locate(_needed: str | None) -> Located:
        asked.append(len(asked))
        return Located(server.url, "here")

    client = await opened(url=locate)
    await (await server.accepts()).hangs_up()
    await server.accepts()
    await until(client, lambda state: state.connection is ConnectionStatus.ONLINE)
    assert asked == [0, 1]


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


async def test_the_two_hour_limit_passes_unnoticed(
    opened: Any, server: Server, glass: Hourglass
) -> None:
    """A second connection takes the seats before the first is closed."""
    client = await opened(silence=10_000, silence_most=10_000)
    connections = []
    client.subscribe(lambda state, happening: connections.append(state.connection))
    old = await server.accepts()
    await seated(client, old, "0")
    connections.clear()
    await glass.asleep(110 * 60)
    glass.turn(110 * 60)
    new = await server.accepts()
    request = await new.receives(id=CODE, token=TOKEN_O)
    await old.says(Replaced(id=CODE))
    await new.replies(request, Resumed(id=CODE, mark=Mark.O, game=game("0", rev=4), now=NOW))
    await old.closes()
    playing = asyncio.create_task(client.play(CODE, 4))
    request = await new.receives(tile="1,1")
    await new.replies(request, Played(id=CODE, mark=Mark.O, tile="1,1", game=game("04"), now=NOW))
    await playing
    assert not client.state.tables[CODE].replaced
    assert set(connections) == {ConnectionStatus.ONLINE}


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


async def test_frames_that_mean_nothing_are_ignored(opened: Any, server: Server) -> None:
    """What the client cannot read or does not know costs neither the game nor the connection."""
    client = await opened()
    peer = await server.accepts()
    await seated(client, peer)
    for frame in ("", "[]", '{"type": "play"}', '{"type": "tomorrow", "id": "K7QF2M"}'):
        await peer.says(frame)
    await peer.says(Played(id=CODE, mark=Mark.X, tile="1,1", game=game("4"), now=NOW))
    await until(client, lambda state: state.tables[CODE].game.moves == "4")


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


async def test_latency_is_measured(opened: Any, server: Server) -> None:
    """The time to the server and back is shown as soon as there is a connection."""
    client = await opened()
    await server.accepts()
    state = await until(client, lambda state: state.latency_ms is not None)
    assert state.latency_ms is not None
    assert 0 <= state.latency_ms < 5_000


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


async def test_swapped_connections_are_no_absence() -> None:
    """While connections grow old and are swapped, the opponent and the host notice nothing."""
    absences: list[Presence] = []
    dialled = asyncio.Semaphore(0)

    async with serve(MemoryStore()) as gateway:

        async def locate(_needed: str | None) -> Located:
            dialled.release()
            return Located(gateway.url, "here")

        def listen(_state: ClientState, happening: Happening) -> None:
            if isinstance(happening, Presence) and not happening.online:
                absences.append(happening)

        ageing = Timing(age=(0.02, 0.03))
        async with (
            Client(locate, Seats(None), timing=ageing) as ada,
            Client(gateway.url, Seats(None)) as bob,
        ):
            bob.subscribe(listen)
            game_id = (await ada.start()).id
            await bob.join(game_id)
            for cell, player in enumerate([ada, bob, ada, bob, ada]):
                await until(player, lambda state: state.tables[game_id].my_turn)
                await dialled.acquire()
                await player.play(game_id, cell)
            assert bob.state.tables[game_id].game.moves == "01234"
            assert not ada.state.tables[game_id].replaced
            assert absences == []


async def test_swapped_connections_of_hosts_and_watchers_are_no_absence() -> None:
    """A host who waits and a watcher change their connections: nobody is shown as gone."""
    absences: list[Presence] = []
    dialled = {name: asyncio.Semaphore(0) for name in ("host", "watcher")}

    def listen(_state: ClientState, happening: Happening) -> None:
        if isinstance(happening, Presence) and not happening.online:
            absences.append(happening)

    async with serve(MemoryStore()) as gateway:

        def locating(name: str) -> Callable[[str | None], Awaitable[Located]]:
            async def locate(_needed: str | None) -> Located:
                dialled[name].release()
                return Located(gateway.url, "here")

            return locate

        async def swapped(name: str) -> None:
            for _ in range(3):
                await dialled[name].acquire()

        ageing = Timing(age=(0.02, 0.03))
        async with (
            Client(locating("host"), Seats(None), timing=ageing) as ada,
            Client(locating("watcher"), Seats(None), timing=ageing) as eve,
            Client(gateway.url, Seats(None)) as bob,
        ):
            for client in (ada, bob, eve):
                client.subscribe(listen)
            game_id = (await ada.start()).id
            await eve.watch(game_id)
            await asyncio.gather(*map(swapped, dialled))
            await bob.join(game_id)
            await until(ada, lambda state: state.tables[game_id].my_turn)
            await ada.play(game_id, 4)
            await until(eve, lambda state: state.tables[game_id].game.moves == "4")
            assert absences == []


async def gives_up(client: Client, asking: asyncio.Future[Any], how: str) -> None:
    """Waits for no answer any more: the player pressed Escape, or patience is over."""
    if how == "cancelled":
        asking.cancel()
    with pytest.raises(asyncio.CancelledError if how == "cancelled" else Unreachable):
        await asking
    assert client.state.tables == {}


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


PROXY = "The proxy of your environment cannot be used: "
SOCKS = "The proxy socks5h://127.0.0.1:9 cannot be used: "


@pytest.mark.parametrize(
    ("proxy", "url", "sentence"),
    [
        (
            "socks5h://127.0.0.1:9",
            "wss://example.org/game",
            SOCKS + "connecting through a SOCKS proxy requires python-socks.",
        ),
        (
            "proxy:8080",
            "wss://example.org/game",
            PROXY + "scheme proxy isn't supported.",
        ),
        (None, "wss://a..b/game", "wss://a..b/game is not the address of a server."),
        (None, "wss://:80/game", "wss://:80/game is not the address of a server."),
    ],
)
async def test_an_address_that_leads_nowhere(
    opened: Any, monkeypatch: pytest.MonkeyPatch, proxy: str | None, url: str, sentence: str
) -> None:
    """Whatever keeps the client from ever connecting is said, and it can be tried again."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    if proxy is not None:
        monkeypatch.setenv("https_proxy", proxy)
    client = await opened(url=url)
    state = await until(client, lambda state: state.connection is ConnectionStatus.FAILED)
    assert state.failure == sentence
    client.reconnect()
    await until(client, lambda state: state.connection is ConnectionStatus.CONNECTING)
    await until(client, lambda state: state.connection is ConnectionStatus.FAILED)


def test_a_certificate_of_another() -> None:
    """What is wrong with a certificate is one sentence, with one full stop."""
    error = ssl.SSLCertVerificationError()
    error.verify_message = "certificate is not valid for 'example.org'."
    assert describe(error, Way()) == (
        "The certificate of the server is not trusted: certificate is not valid for 'example.org'."
    )


async def test_a_second_connection_on_which_nobody_answers(
    opened: Any, server: Server, glass: Hourglass
) -> None:
    """Requests are not held up for long by a successor that opens and then says nothing."""
    client = await opened(silence=10_000, silence_most=10_000, reply=0.1)
    await seated(client, await server.accepts())
    await glass.asleep(110 * 60)
    glass.turn(110 * 60)
    silent = await server.accepts()
    await silent.closes()
    again = await server.accepts()
    request = await again.receives(id=CODE, token=TOKEN_O)
    await again.replies(request, Resumed(id=CODE, mark=Mark.O, game=game("4"), now=NOW))
    await until(client, lambda state: state.tables[CODE].game.moves == "4")


async def test_a_connection_lost_while_it_is_replaced(
    opened: Any, server: Server, glass: Hourglass, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second connection that comes a moment too late is closed and not left open beside."""
    ending = asyncio.Event()
    sleep = glass.sleep

    async def slow_to_end(seconds: float) -> None:
        try:
            await sleep(seconds)
        except asyncio.CancelledError:
            if seconds != 2 or ending.is_set():
                raise
            ending.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(glass, "sleep", slow_to_end)
    client = await opened(silence=10_000, silence_most=10_000)
    old = await server.accepts()
    await seated(client, old)
    await glass.asleep(110 * 60)
    glass.turn(110 * 60)
    new = await server.accepts()
    request = await new.receives(id=CODE, token=TOKEN_O)
    await glass.asleep(2)
    await new.replies(request, Resumed(id=CODE, mark=Mark.O, game=game(), now=NOW))
    await ending.wait()
    await old.vanishes()
    await new.closes()
    await server.accepts()


async def test_a_laptop_that_wakes(opened: Any, server: Server, glass: Hourglass) -> None:
    """After a sleep of the machine a dead connection is noticed at once."""
    now = [NOW]
    client = await opened(now_ms=lambda: now[0], wake=0.1)
    peer = await server.accepts()
    await until(client, lambda state: state.latency_ms is not None)
    await glass.asleep(2)
    peer.falls_silent()
    now[0] += 3_600_000
    glass.turn(2)
    await until(client, lambda state: state.connection is ConnectionStatus.RECONNECTING)
    await server.accepts()


async def test_seats_that_cannot_be_saved(opened: Any, server: Server, tmp_path: Any) -> None:
    """A game is played even where its seat cannot be saved, and the state says so."""
    (tmp_path / "held").touch()
    client = await opened(Seats(tmp_path))
    peer = await server.accepts()
    await seated(client, peer)
    assert client.state.warning is not None
    assert client.state.warning.startswith("Games left here cannot be resumed")


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
