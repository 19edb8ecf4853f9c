"""The client: one connection kept alive, requests as methods, the truth as `ClientState`.

No Textual. A request is repeated until it is answered or its patience ends, which is safe for every
request of the protocol. Refusals are raised as `shared.errors.Refusal`, a server out of reach as
`Unreachable`; both also show in the state, so that a caller may ignore them.
"""

import asyncio
import contextlib
import random as chance
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar, assert_never

from msgspec import UNSET

from shared import messages as wire
from shared.board import Mark, MarkChoice, cell_of, tile_of
from shared.crockford import game_code
from shared.errors import ErrorCode, Refusal
from tui.client.address import Located
from tui.client.errors import Elsewhere, Unreachable
from tui.client.model import Subscriber, Tables
from tui.client.seats import SavedSeat, Seats, wall_ms
from tui.client.state import (
    ClientState,
    ConnectionChanged,
    ConnectionStatus,
    Happening,
    Intended,
    Intention,
    LobbyRead,
    MissedTold,
    MoveChosen,
    RequestFailed,
    Settled,
    Table,
)
from tui.client.timing import Timing
from tui.client.upkeep import Upkeep

if TYPE_CHECKING:
    # Loads websockets, which is slow: the lobby is painted first.
    from tui.client.connection import Connector, Sleep

__all__ = ["Address", "Client", "Subscriber", "Unreachable"]

Address = str | Callable[[str | None], Awaitable[Located]]
_AtTable = wire.Play | wire.Resign | wire.Claim | wire.Rematch
"""What only a player at the table can ask, and what is worth asking twice."""
_Ask = Callable[[wire.AnyRequest], Awaitable[wire.AnyEvent]]
_Event = TypeVar("_Event", bound=wire.Event)
_GameEvent = TypeVar("_GameEvent", bound=wire.GameEvent)

_TIMES_RESEATED: Final = 3


class Client:
    """``url`` may be a function that finds or starts the server, asked for each connection.

    The function is given the name that the seats of this player know the server by; None where no
    seat needs a certain server.
    """

    def __init__(
        self,
        url: Address,
        seats: Seats,
        *,
        name: str = "",
        timing: Timing | None = None,
        now_ms: Callable[[], int] = wall_ms,
        monotonic: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = chance.random,
        sleep: "Sleep" = asyncio.sleep,
    ) -> None:
        self.name = name
        self.now_ms = now_ms
        self._timing = timing or Timing()
        self._random = random
        self._sleep = sleep
        self._address = url
        self._tables = Tables(seats, now_ms)
        # Whether this server has said that it does not know a list of all.
        self._lists_apart = False
        self._upkeep = Upkeep(
            self._tables, timing=self._timing, monotonic=monotonic, random=random, sleep=sleep
        )
        self._ask = self._upkeep.requests.ask
        self._tasks: list[asyncio.Task[None]] = []
        self._meant: dict[str, set[asyncio.Task[Any]]] = {}
        self._tables.subscribe(self._mean_no_more)

    @cached_property
    def _connector(self) -> "Connector":
        from tui.client.connection import Connector  # noqa: PLC0415 (slow; the lobby comes first)

        return Connector(
            self._locate,
            self._upkeep,
            timing=self._timing,
            random=self._random,
            sleep=self._sleep,
            now_ms=self.now_ms,
        )

    @property
    def state(self) -> ClientState:
        return self._tables.state

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Calls back after every happening, with the new state; returns how to stop that."""
        return self._tables.subscribe(subscriber)

    # --- The connection ----------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Begins to connect, in the background; returns at once."""
        self._tasks = [
            asyncio.create_task(self._connector.run()),
            asyncio.create_task(self._upkeep.keep_vigil()),
        ]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes the connection; seats are kept and can be resumed."""
        for task in self._tasks:
            task.cancel()
        await self._upkeep.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tables.close()

    def reconnect(self) -> None:
        """Tries again after the connection has failed for good (`ConnectionStatus.FAILED`)."""
        if self.state.connection is ConnectionStatus.FAILED:
            again = ConnectionChanged(ConnectionStatus.CONNECTING, sentence=self.state.failure)
            self._upkeep.changed(again)
            self._tasks.append(asyncio.create_task(self._connector.run()))

    async def _locate(self) -> str:
        address, needed = self._address, self._tables.needed
        found = Located(address, address) if isinstance(address, str) else await address(needed)
        if needed not in {None, found.server}:
            raise Elsewhere
        self._tables.settle(found.server)
        return found.url

    # --- Sitting down ------------------------------------------------------------------------

    async def start(self, mark: MarkChoice = "x", *, listed: bool = False, clock: int = 0) -> Table:
        request = wire.Start(name=self.name, mark=mark, listed=listed, clock=clock, key=_key())
        return await self._enter(request, wire.Started)

    async def join(self, code: str) -> Table:
        """Takes the free seat of a game, or the seat there that this player left behind."""
        game_id = _code(code)
        await self._upkeep.requests.connected()
        for seat in self._tables.left_behind():
            if seat.id == game_id:
                return await self.resume(seat)
        request = wire.Join(id=game_id, name=self.name, key=_key())
        return await self._enter(request, wire.Joined)

    async def match(self, clock: int = 0) -> Table:
        """Sits at an open game or a new one; an older game found later is ``onward`` of this."""
        request = wire.QuickMatch(name=self.name, clock=clock, key=_key())
        table = await self._enter(request, wire.Started, wire.Joined)
        if table.game.status == "waiting":
            again = self._match_again(table.id, request)
            self._upkeep.errand(again, f"match {table.id}")
        return table

    async def resumable(self) -> tuple[tuple[SavedSeat, wire.Snapshot], ...]:
        """The seats here that no living process holds, newest first, with their games.

        A game that has ended meanwhile is ``missed`` in the state; its rematch is resumable.
        """
        await self._upkeep.requests.connected()
        offered = []
        seats = self._tables.left_behind()
        while seats:
            games = await asyncio.gather(*(self._game_of(seat) for seat in seats))
            onward = []
            for seat, game in zip(seats, games, strict=True):
                if game is not None and game.status in {"waiting", "playing"}:
                    offered.append((seat, game))
                elif (rematch := self._tables.missed(seat, game)) is not None:
                    onward.append(rematch)
            seats = tuple(onward)
        return tuple(offered)

    def told(self) -> None:
        """The player has been told of the games that he missed."""
        self._tables.happened(MissedTold())

    def unheld(self, seat: SavedSeat) -> bool:
        """Whether still no living process holds a seat that was resumable."""
        return seat.place in {each.place for each in self._tables.left_behind()}

    async def resume(self, seat: SavedSeat) -> Table:
        """Sits down again at a seat that this player left behind."""
        if not self._tables.take(seat):
            raise Refusal(
                ErrorCode.NOT_SEATED, "Another terminal of yours plays this game.", game_id=seat.id
            )
        with contextlib.ExitStack() as untaken:
            untaken.callback(self._tables.let_go, seat.id)
            table = await self._enter(wire.Resume(id=seat.id, token=seat.token), wire.Resumed)
            untaken.pop_all()
        return table

    async def take_back(self, game_id: str) -> Table:
        """Resumes a seat that another terminal has taken, because the player says so."""
        seat = self._tables.seat_in(game_id)
        if seat is None:
            raise Refusal(ErrorCode.NOT_SEATED, "You have no seat in this game.")
        # Who has it lets it go when he hears that he is replaced.
        return await self._enter(wire.Resume(id=seat.id, token=seat.token), wire.Resumed)

    async def watch(self, code: str) -> Table:
        return await self._enter(wire.Watch(id=_code(code)), wire.Watching)

    async def leave(self, game_id: str) -> None:
        """Turns away from a table at once; returns when the server has been told, or cannot be."""
        seat = self._tables.seat_in(game_id)
        arriving = self._meant.pop(game_id, set())
        self._tables.left(game_id)
        self._upkeep.stop(f"match {game_id}")
        await asyncio.wait({self._upkeep.leave(game_id, seat, frozenset(arriving))})

    @property
    def farewell_seconds(self) -> float:
        """How long last words may take."""
        return self._timing.farewell

    async def settle(self) -> None:
        """Gives what is on its way a moment to arrive, as the program ends."""
        meant = [task for tasks in self._meant.values() for task in tasks]
        if meant and self.state.connection is ConnectionStatus.ONLINE:
            await asyncio.wait(meant, timeout=self._timing.farewell / 2)

    async def part(self, *game_ids: str) -> None:
        """Leaves tables at once; returns when the server has been told, or in a moment."""
        leaving = asyncio.gather(*(self.leave(game_id) for game_id in game_ids))
        online = self.state.connection is ConnectionStatus.ONLINE
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timing.farewell if online else 0):
                await leaving

    # --- At a table --------------------------------------------------------------------------

    # A move, a resignation and a rematch are meant for as long as there is the table: they are
    # sent again after every outage, whether or not the caller still waits. A claim and a word are
    # meant for the moment, and lapse with it.

    async def play(self, game_id: str, cell: int) -> None:
        """Plays a cell 0-8; it is ``pending`` in the state until the server has confirmed it."""
        table = self._table(game_id)
        if table.pending is not None:
            raise Refusal(ErrorCode.NOT_YOUR_TURN, "Your move is on its way.", game_id=game_id)
        request = wire.Play(id=game_id, tile=tile_of(cell), after=table.game.moves)
        self._tables.happened(MoveChosen(game_id, cell))
        await self._mean(game_id, self._require_seated(request, wire.Played))

    async def resign(self, game_id: str) -> None:
        asking = partial(self._require_seated, wire.Resign(id=game_id), wire.Resigned)
        await self._mean(game_id, self._intend(game_id, "resign", asking))

    async def rematch(self, game_id: str) -> None:
        """Offers a rematch or accepts the offer; the new table is then ``onward`` of this."""
        asking = partial(self._require_seated, wire.Rematch(id=game_id), wire.RematchOffered)
        await self._mean(game_id, self._intend(game_id, "rematch", asking))

    async def claim(self, game_id: str) -> None:
        """Claims the game now, or not at all: later the opponent may be back."""
        request = wire.Claim(id=game_id)
        self._require_connection(request, "Nothing can be claimed without a connection.")
        asking = partial(self._require_seated, request, wire.Claimed, ask=self._ask)
        await self._intend(game_id, "claim", asking)

    async def emote(self, game_id: str, emote: wire.EmoteName) -> None:
        """Says a word; not repeated when it is lost."""
        request = wire.Emote(id=game_id, emote=emote)
        self._require_connection(request, "Nobody hears you without a connection.")
        try:
            reply = await self._upkeep.requests.ask_now(request)
        except Unreachable:
            self._lapse(request, "Your word may not have been heard.")
        else:
            self._expect(request, reply, (wire.Emoted,))

    # --- Reading -----------------------------------------------------------------------------

    async def refresh_lobby(self) -> None:
        """Asks for both lists: at once, or one after the other of a server that knows no better."""
        request = wire.List(kind="all")
        reply = None if self._lists_apart else await self._asked(request)
        if reply is None or _is_error(reply, ErrorCode.BAD_REQUEST):
            self._lists_apart = True
            await self._refresh_each_list()
            return
        games = self._expect(request, reply, (wire.Listed,)).games
        self._tables.happened(LobbyRead("open", tuple(game for game in games if game.mark)))
        self._tables.happened(LobbyRead("live", tuple(game for game in games if not game.mark)))

    async def _refresh_each_list(self) -> None:
        kinds: tuple[wire.LobbyKind, ...] = ("open", "live")
        for kind in kinds:
            reply = await self._require(wire.List(kind=kind), wire.Listed)
            self._tables.happened(LobbyRead(kind, reply.games))

    async def ping(self, game_id: str) -> wire.Snapshot:
        """The truth about any game, from the server; binds nothing."""
        return await self._upkeep.check(_code(game_id))

    # --- How it is asked ---------------------------------------------------------------------

    async def _require(self, request: wire.AnyRequest, *kinds: type[_Event]) -> _Event:
        return self._expect(request, await self._asked(request), kinds)

    async def _enter(self, request: wire.AnyRequest, *kinds: type[_GameEvent]) -> Table:
        """The table that a request leads to."""
        self._upkeep.stay(getattr(request, "id", ""))
        return self._table((await self._require(request, *kinds)).id)

    async def _require_seated(
        self, request: _AtTable, kind: type[_Event], *, ask: _Ask | None = None
    ) -> None:
        """As `_require`, for what only a seat may ask: one that came loose is taken again first."""
        ask = ask or self._upkeep.requests.ask_until_answered
        connections = self._upkeep.connections
        reply = await self._asked(request, ask)
        for _ in range(_TIMES_RESEATED):
            if not _is_error(reply, ErrorCode.NOT_SEATED) or not await self._reseated(request):
                break
            reply = await self._asked(request, ask)
        seat = self._seat(request)
        if isinstance(reply, wire.Error) and seat is not None and achieved(request, reply, seat):
            return
        outlived = self._upkeep.connections != connections
        self._expect(request, reply, (kind,), "Your move was not made. " if outlived else "")

    async def _mean(self, game_id: str, asking: Coroutine[Any, Any, None]) -> None:
        """Waits for what is asked for as long as there is the table, by whoever else waits."""
        task = self._upkeep.errand(asking)
        self._meant.setdefault(game_id, set()).add(task)
        task.add_done_callback(self._meant[game_id].discard)
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()

    def _mean_no_more(self, state: ClientState, _happening: Happening) -> None:
        """What was meant for a table lapses with the player's place there, which is said."""
        for game_id, tasks in tuple(self._meant.items()):
            table = state.tables.get(game_id)
            if table is None or table.replaced or table.gone:
                del self._meant[game_id]
                for task in tasks:
                    task.cancel()

    async def _intend(
        self, game_id: str, intention: Intention, ask: Callable[[], Awaitable[None]]
    ) -> None:
        """Asks for something once, which the state shows until there is an answer."""
        if intention in self._table(game_id).asked:
            raise Refusal(ErrorCode.BUSY, "That is on its way already.", game_id=game_id)
        self._tables.happened(Intended(game_id, intention))
        try:
            await ask()
        finally:
            self._tables.happened(Settled(game_id, intention))

    def _require_connection(self, request: wire.AnyRequest, sentence: str) -> None:
        if self.state.connection is not ConnectionStatus.ONLINE:
            self._lapse(request, sentence)

    def _lapse(self, request: wire.AnyRequest, sentence: str) -> NoReturn:
        self._tables.happened(RequestFailed(request, sentence))
        raise Unreachable(sentence) from None

    async def _asked(self, request: wire.AnyRequest, ask: _Ask | None = None) -> wire.AnyEvent:
        try:
            return await (ask or self._ask)(request)
        except Unreachable as error:
            self._tables.happened(RequestFailed(request, error.sentence))
            raise

    def _expect(
        self,
        request: wire.AnyRequest,
        reply: wire.AnyEvent,
        kinds: tuple[type[_Event], ...],
        before: str = "",
    ) -> _Event:
        if isinstance(reply, kinds):
            return reply
        refused = self._upkeep.refused(getattr(request, "id", ""), reply)
        if isinstance(request, wire.Play):
            refused.message = f"{before}{refused.message}"
        self._tables.happened(RequestFailed(request, refused.message))
        raise refused

    async def _reseated(self, request: wire.AnyRequest) -> bool:
        try:
            return await self._upkeep.reseat(getattr(request, "id", ""))
        except Refusal:
            return False
        except Unreachable:
            return True  # The next connection begins with taking the seat again.

    def _table(self, game_id: str) -> Table:
        table = self._tables.table(game_id)
        if table is None:
            raise Refusal(ErrorCode.NOT_SEATED, "You are not at this table.", game_id=game_id)
        return table

    def _seat(self, request: wire.AnyRequest) -> Mark | None:
        table = self._tables.table(getattr(request, "id", ""))
        return None if table is None else table.seat

    async def _game_of(self, seat: SavedSeat) -> wire.Snapshot | None:
        """The game of a seat left behind; None when there is no such game any more."""
        try:
            return await self._upkeep.check(seat.id)
        except Refusal as refusal:
            if refusal.code is ErrorCode.NO_SUCH_GAME:
                return None
            raise

    async def _match_again(self, game_id: str, first: wire.QuickMatch) -> None:
        """Two who started at the same moment find each other by asking once more, and again."""
        request = wire.QuickMatch(name=first.name, clock=first.clock, key=first.key, id=game_id)
        soonest, latest = self._timing.match_again
        for _ in range(2):
            await self._sleep(soonest + self._random() * (latest - soonest))
            table = self._tables.table(game_id)
            if table is None or not table.alive or table.game.status != "waiting":
                return
            reply = await self._ask(request)
            if isinstance(reply, wire.Joined) and reply.id != game_id:
                self._tables.moved_on(game_id, reply.id)
                return


def achieved(request: _AtTable, error: wire.Error, seat: Mark) -> bool:
    """Whether a refusal shows that an earlier try succeeded and that its reply was lost."""
    if error.game is UNSET:
        return False
    match request:
        case wire.Play():
            return error.game.moves.startswith(f"{request.after}{cell_of(request.tile)}")
        case wire.Resign():
            return error.game.status == "resigned" and error.game.winner is seat.other
        case wire.Claim():
            return error.game.status in {"timeout", "abandoned"} and error.game.winner is seat
        case wire.Rematch():
            return error.game.rematch is seat or error.game.next is not None
        case _:
            assert_never(request)


def _is_error(reply: wire.AnyEvent, code: ErrorCode) -> bool:
    return isinstance(reply, wire.Error) and reply.code is code


def _code(text: str) -> str:
    try:
        return game_code(text)
    except ValueError as error:
        raise Refusal(ErrorCode.BAD_REQUEST, f"That is no game code: {error}.") from None


def _key() -> str:
    return secrets.token_urlsafe(16)
