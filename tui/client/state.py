"""What a client knows, as a frozen value, and the one pure function that changes it.

`reduce` takes what happened (a wire event, or one of the small happenings below) and returns the
next state. No I/O, no clock, no Textual: imports shared and msgspec only. Times named
``…_at`` are our own clock, epoch ms, unless they say server.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Literal, TypeVar, assert_never

from msgspec import UNSET, structs

from shared.board import Mark, free
from shared.constants import CLAIM_AFTER_MS
from shared.messages import (
    FINISHED,
    AnyEvent,
    AnyRequest,
    Claimed,
    Emoted,
    EmoteName,
    Error,
    Event,
    Joined,
    Left,
    Listed,
    Listing,
    LobbyKind,
    Play,
    Played,
    Player,
    Pong,
    Presence,
    RematchOffered,
    Replaced,
    Resigned,
    Resumed,
    Snapshot,
    Started,
    Watching,
)

_T = TypeVar("_T")

_EARLY_GAMES: Final = 8
_CLOCK_STEP_MS: Final = 10_000


class ConnectionStatus(StrEnum):
    """How the connection stands. A failed link does not try again by itself."""

    CONNECTING = "connecting"
    ONLINE = "online"
    RECONNECTING = "reconnecting"
    FAILED = "failed"


Intention = Literal["resign", "claim", "rematch"]


@dataclass(frozen=True, slots=True)
class Said:
    """An emote and when it was heard."""

    mark: Mark
    emote: EmoteName
    at: int


@dataclass(frozen=True, slots=True)
class Table:
    """One game as this client sees it; ``game`` is always the newest snapshot of the server."""

    game: Snapshot
    seat: Mark | None = None
    """The player's own mark; None for a watcher."""
    pending: int | None = None
    """The cell chosen that no snapshot has confirmed or contradicted yet."""
    said: Said | None = None
    replaced: bool = False
    """Another terminal holds the seat; this one must not fight back."""
    gone: bool = False
    """The server no longer knows the game."""
    error: str | None = None
    """The last refusal, until something changes."""
    onward: str | None = None
    """The game this player went on to: the rematch, or the older game that a quick match found."""
    bound_at: int = 0
    """Server's clock: when the game began or this seat was last bound; absences count from here."""
    retry_at: int | None = None
    """Server's clock: when the server said that a refused claim can succeed."""
    is_current: bool = True
    """Whether the snapshot came on the connection that is open now.

    On a new connection the server may show an older one: its games were put back to an earlier
    moment.
    """
    asked: frozenset[Intention] = frozenset()
    """What the player wants besides a move and the server has not answered yet."""

    @property
    def id(self) -> str:
        return self.game.id

    @property
    def finished(self) -> bool:
        return self.game.status in FINISHED

    @property
    def is_running(self) -> bool:
        """Whether the player sits at a game that is being played."""
        return self.seat is not None and self.game.status == "playing" and self.alive

    @property
    def my_turn(self) -> bool:
        """Whether a cell can be chosen now."""
        return (
            self.game.status == "playing"
            and self.seat is not None
            and self.game.turn is self.seat
            and self.pending is None
            and not self.replaced
            and not self.gone
        )

    @property
    def choices(self) -> tuple[int, ...]:
        """The cells that can be chosen now."""
        return free(self.game.moves) if self.my_turn else ()

    @property
    def me(self) -> Player | None:
        return None if self.seat is None else self.game.players[self.seat]

    @property
    def opponent(self) -> Player | None:
        return None if self.seat is None else self.game.players[self.seat.other]

    @property
    def claim_at(self) -> int | None:
        """Server's clock: when the game can be claimed as things stand; None when nothing runs."""
        opponent = self.opponent
        if self.game.status != "playing" or self.seat is None or opponent is None:
            return None
        moments = []
        if self.game.turn is not self.seat and self.game.deadline is not None:
            moments.append(self.game.deadline)
        if not opponent.online:
            moments.append(max(opponent.away_at or 0, self.bound_at) + CLAIM_AFTER_MS)
        if not moments:
            return None
        return max(min(moments), self.retry_at or 0)

    @property
    def alive(self) -> bool:
        """Whether the server can still have news of this table for us."""
        # A player whose rematch has begun is still to be led there.
        over = self.game.status == "cancelled" or (self.game.next is not None and self.seat is None)
        return not (over or self.replaced or self.gone or self.onward)


@dataclass(frozen=True, slots=True)
class Missed:
    """A game that this player had left and that is over; ``table`` is None if it is forgotten."""

    id: str
    table: Table | None


Result = Literal["won", "lost", "drawn"]


def result_of(table: Table) -> Result | None:
    """How a table ended for its player; None for watchers, running and cancelled games."""
    if table.seat is None or not table.finished or table.game.status == "cancelled":
        return None
    if table.game.winner is None:
        return "drawn"
    return "won" if table.game.winner is table.seat else "lost"


@dataclass(frozen=True, slots=True)
class ClientState:
    """Everything a screen shows. Two equal states look the same."""

    connection: ConnectionStatus = ConnectionStatus.CONNECTING
    attempts: int = 0
    """Failed attempts to connect since the link was last up."""
    failure: str | None = None
    """Why the last attempt failed, in one sentence; None while online."""
    latency_ms: int | None = None
    offset_ms: int = 0
    """The server's clock minus ours."""
    synced: bool = False
    """Whether `offset_ms` has been measured on this connection."""
    tables: Mapping[str, Table] = field(default_factory=dict)
    open_games: tuple[Listing, ...] = ()
    live_games: tuple[Listing, ...] = ()
    missed: tuple[Missed, ...] = ()
    """Games that came to an end while the player was away, until he has been told."""
    warning: str | None = None
    """What is wrong with the player's files, in one sentence."""
    early: Mapping[str, Snapshot] = field(default_factory=dict)
    """Snapshots pushed before the reply that seats us there; newest wins when it comes."""

    def server_now(self, now_ms: int) -> int:
        """The server's clock when ours shows ``now_ms``."""
        return now_ms + self.offset_ms

    def remaining_ms(self, server_at: int, now_ms: int) -> int:
        """How long it is until the server's clock shows ``server_at``; never negative."""
        return max(0, server_at - self.server_now(now_ms))


# --- What happens besides wire events -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """``sentence`` says why it is not online."""

    status: ConnectionStatus
    attempts: int = 0
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class LatencyMeasured:
    ms: int


@dataclass(frozen=True, slots=True)
class MoveChosen:
    """The player chose a cell and it is on its way to the server."""

    id: str
    cell: int


@dataclass(frozen=True, slots=True)
class Intended:
    """The player wants something that is on its way to the server."""

    id: str
    intention: Intention


@dataclass(frozen=True, slots=True)
class Settled:
    """What the player wanted has been answered, or is not meant any more."""

    id: str
    intention: Intention


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A request was refused or never answered; the `Error` with the snapshot comes before."""

    request: AnyRequest
    sentence: str


@dataclass(frozen=True, slots=True)
class LobbyRead:
    """A `Listed` with the kind it was asked for."""

    kind: LobbyKind
    games: tuple[Listing, ...]


@dataclass(frozen=True, slots=True)
class TableLeft:
    """The player turned away from a table, whether or not the server has heard of it."""

    id: str


@dataclass(frozen=True, slots=True)
class TableGone:
    """The server no longer knows a game, or the seat is no longer ours."""

    id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class MovedOn:
    """The player's place is now at another table."""

    id: str
    onward: str


@dataclass(frozen=True, slots=True)
class SeatReplaced:
    """The server showed that our seat is held by another connection."""

    id: str


@dataclass(frozen=True, slots=True)
class MissedFound:
    """A game that the player had left has come to its end without him."""

    missed: Missed


@dataclass(frozen=True, slots=True)
class MissedTold:
    """The player has been told of the games that ended without him."""


Happening = (
    AnyEvent
    | ConnectionChanged
    | LatencyMeasured
    | MoveChosen
    | Intended
    | Settled
    | RequestFailed
    | LobbyRead
    | TableLeft
    | TableGone
    | MovedOn
    | SeatReplaced
    | MissedFound
    | MissedTold
)


# --- The one function that changes it -------------------------------------------------------------


def reduce(  # noqa: C901, PLR0911, PLR0912 (one case per happening)
    state: ClientState, happening: Happening, now_ms: int
) -> ClientState:
    """The state after something happened; ``now_ms`` is our clock.

    A wire event with ``ref`` must be the reply to a request of ours: it can seat us. One without
    never does.
    """
    if isinstance(happening, Event):
        return _heard(_synced(state, happening, now_ms), happening, now_ms)
    match happening:
        case ConnectionChanged():
            return _connection_changed(state, happening)
        case LatencyMeasured(ms):
            return replace(state, latency_ms=ms)
        case MoveChosen(id, cell):
            return _changed(state, id, pending=cell, error=None)
        case Intended(id, intention):
            return _asked(state, id, lambda asked: asked | {intention})
        case Settled(id, intention):
            return _asked(state, id, lambda asked: asked - {intention})
        case RequestFailed(request, sentence):
            return _failed(state, request, sentence)
        case LobbyRead(kind="open", games=games):
            return replace(state, open_games=games)
        case LobbyRead(games=games):
            return replace(state, live_games=games)
        case TableLeft(id):
            return replace(state, tables=_left(state.tables, id))
        case TableGone(id, sentence):
            return _gone(state, id, sentence)
        case MovedOn(id, onward):
            return _changed(state, id, onward=onward)
        case SeatReplaced(id):
            return _changed(state, id, replaced=True, pending=None)
        case MissedFound(missed):
            others = (each for each in state.missed if each.id != missed.id)
            return replace(state, missed=(*others, missed))
        case MissedTold():
            return replace(state, missed=())
        case _:
            assert_never(happening)


def _heard(  # noqa: C901, PLR0911 (one case per event)
    state: ClientState, event: AnyEvent, now_ms: int
) -> ClientState:
    match event:
        case Started() | Joined() | Resumed() | Watching() if event.ref is not UNSET:
            return _seated(state, event)
        case Left() if event.ref is not UNSET:
            return replace(state, tables=_without(state.tables, event.id))
        case Joined():
            # The game begins: an opponent who vanishes at once is given his time from here.
            state = _shown(state, event.game)
            return _changed(state, event.id, bound_at=event.now)
        case RematchOffered():
            return _offered(state, event)
        case Pong(game=Snapshot() as game):
            return _shown(state, game)
        case Replaced(id=id):
            return _changed(state, id, replaced=True, pending=None)
        case Emoted(id=id, mark=mark, emote=emote):
            return _changed(state, id, said=Said(mark, emote, now_ms))
        case Error():
            return _refused(state, event)
        case Listed() | Pong():
            return state
        case (
            Started()
            | Resumed()
            | Watching()
            | Left()
            | Played()
            | Presence()
            | Resigned()
            | Claimed()
        ):
            return _shown(state, event.game)
        case _:
            assert_never(event)


def _synced(state: ClientState, event: AnyEvent, now_ms: int) -> ClientState:
    server_now = getattr(event, "now", None)
    if server_now is None:
        return state
    # A frame is never early: the least delayed one of a connection shows the most, unless a clock
    # was set meanwhile.
    sample = server_now - now_ms
    late = state.synced and state.offset_ms - _CLOCK_STEP_MS < sample <= state.offset_ms
    return state if late else replace(state, offset_ms=sample, synced=True)


def _connection_changed(state: ClientState, change: ConnectionChanged) -> ClientState:
    online = change.status is ConnectionStatus.ONLINE
    if not online:
        # What the next connection shows is the truth, even where it is older.
        tables = {
            game_id: replace(table, is_current=False) for game_id, table in state.tables.items()
        }
        state = replace(state, tables=tables, early={})
    return replace(
        state,
        connection=change.status,
        attempts=change.attempts,
        failure=None if online else change.sentence,
        latency_ms=state.latency_ms if online else None,
        synced=state.synced and online,
    )


def _seated(state: ClientState, event: Started | Joined | Resumed | Watching) -> ClientState:
    known = state.tables.get(event.id)
    seat = event.mark if not isinstance(event, Watching) else known.seat if known else None
    early = state.early.get(event.id)
    game = early if early is not None and early.rev > event.game.rev else event.game
    table = known or Table(game=game)
    table = replace(_newer(table, game), seat=seat, replaced=False, gone=False)
    if not isinstance(event, Watching):
        table = replace(table, bound_at=max(table.bound_at, event.now))
    return replace(_with(state, table), early=_without(state.early, event.id))


def _offered(state: ClientState, event: RematchOffered) -> ClientState:
    state = _shown(state, event.game)
    table = state.tables.get(event.id)
    if event.next is UNSET or table is None or table.seat is None:
        return state
    known = state.tables.get(event.next.id) or Table(game=event.next.game)
    entered = replace(_newer(known, event.next.game), seat=table.seat.other)
    entered = replace(entered, bound_at=max(entered.bound_at, event.now))
    return _changed(_with(state, entered), event.id, onward=event.next.id)


def _refused(state: ClientState, error: Error) -> ClientState:
    if error.game is UNSET:
        return state
    state = _shown(state, error.game)
    if isinstance(error.retry_at, int):
        return _changed(state, error.game.id, retry_at=error.retry_at)
    return state


def _asked(
    state: ClientState,
    game_id: str,
    change: Callable[[frozenset[Intention]], frozenset[Intention]],
) -> ClientState:
    table = state.tables.get(game_id)
    return state if table is None else _with(state, replace(table, asked=change(table.asked)))


def _failed(state: ClientState, request: AnyRequest, sentence: str) -> ClientState:
    game_id = getattr(request, "id", UNSET)
    table = None if game_id is UNSET else state.tables.get(game_id)
    if table is None:
        return state
    pending = None if isinstance(request, Play) else table.pending
    return _with(state, replace(table, pending=pending, error=sentence))


def _shown(state: ClientState, game: Snapshot) -> ClientState:
    """Takes a snapshot that seats nobody."""
    table = state.tables.get(game.id)
    if table is not None:
        return _with(state, _newer(table, game))
    early = state.early.get(game.id)
    if early is not None and early.rev > game.rev:
        return state
    kept = [*(item for item in state.early.items() if item[0] != game.id), (game.id, game)]
    return replace(state, early=dict(kept[-_EARLY_GAMES:]))


def _newer(table: Table, game: Snapshot) -> Table:
    if table.is_current and game.rev < table.game.rev:
        return table
    same = game.moves == table.game.moves and game.status == table.game.status
    return replace(
        table,
        game=game,
        is_current=True,
        pending=table.pending if same else None,
        error=table.error if game.rev == table.game.rev else None,
        retry_at=table.retry_at if game.rev == table.game.rev else None,
    )


def _with(state: ClientState, table: Table) -> ClientState:
    return replace(state, tables={**state.tables, table.id: table})


def _without(by_id: Mapping[str, _T], game_id: str) -> Mapping[str, _T]:
    return {other: value for other, value in by_id.items() if other != game_id}


def _gone(state: ClientState, game_id: str, sentence: str) -> ClientState:
    table = state.tables.get(game_id)
    if table is None:
        return state
    # Nobody can run out of time any more.
    game = structs.replace(table.game, deadline=None)
    return _with(state, replace(table, game=game, gone=True, pending=None, error=sentence))


def _left(tables: Mapping[str, Table], game_id: str) -> Mapping[str, Table]:
    """The tables without one and those that led to it."""
    before = [
        table.id
        for table in tables.values()
        if not table.alive and game_id in {table.onward, table.game.next}
    ]
    tables = _without(tables, game_id)
    for each in before:
        if each in tables:
            tables = _left(tables, each)
    return tables


def _changed(state: ClientState, game_id: str, **changes: object) -> ClientState:
    table = state.tables.get(game_id)
    return state if table is None else _with(state, replace(table, **changes))  # type: ignore[arg-type]  # names of fields
