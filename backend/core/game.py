"""A game as the server keeps it, and the rules of what is allowed when.

A game waits for a second player, is played, and ends::

    waiting --join--> playing --play--> won | drawn
       |                 |---resign---> resigned
       |                 |---claim----> timeout | abandoned
       +--leave--> cancelled

Everything here is a pure function of values: a request is judged by raising a `Refusal` or not, and
a change is a new `Game` with the next ``rev``. Nothing else in the program changes a game.
"""

import hashlib
import hmac
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Literal, assert_never

from shared import board, crockford, messages
from shared.board import Mark
from shared.constants import CLAIM_AFTER_MS
from shared.errors import ErrorCode, Refusal
from shared.messages import Away, LobbyKind, Status
from shared.text import shown_name

MAX_WATCHERS: Final = 20
EMOTE_PAUSE_MS: Final = 1_000
NONCE_BITS: Final = 20
CLOCKS_DIFFER_MS: Final = 60_000


class Action(StrEnum):
    """What the phase of a game can forbid."""

    JOIN = "join"
    PLAY = "play"
    RESIGN = "resign"
    CLAIM = "claim"
    REMATCH = "rematch"


_STARTED_NOT: Final = (ErrorCode.NOT_STARTED, "Nobody has joined this game yet.")
_OVER: Final = (ErrorCode.GAME_OVER, "This game is over.")
_CANCELLED: Final = (ErrorCode.GAME_OVER, "This game was cancelled.")
_FULL: Final = (ErrorCode.GAME_FULL, "Both seats of this game are taken.")
_RUNNING: Final = (ErrorCode.TOO_EARLY, "This game is still being played.")

Phase = Literal["waiting", "playing", "finished", "cancelled"]


def forbidden(action: Action) -> Mapping[Phase, tuple[ErrorCode, str]]:
    """The phases of a game in which an action is refused; in the others it is allowed."""
    match action:
        case Action.JOIN:
            return {"playing": _FULL, "finished": _FULL, "cancelled": _CANCELLED}
        case Action.PLAY | Action.RESIGN | Action.CLAIM:
            return {"waiting": _STARTED_NOT, "finished": _OVER, "cancelled": _CANCELLED}
        case Action.REMATCH:
            return {"waiting": _STARTED_NOT, "playing": _RUNNING, "cancelled": _CANCELLED}
        case _:
            assert_never(action)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a request is judged (epoch ms), and when a game changed then expires (epoch s).

    ``nonce`` tells requests of one millisecond apart: 20 random bits.
    """

    now: int
    expires: int
    nonce: int = 0

    @property
    def spoken(self) -> int:
        """What is noted of an emote: when it was, and whose."""
        return self.now << NONCE_BITS | self.nonce

    @property
    def second(self) -> int:
        return self.now // 1000

    @property
    def oldest(self) -> int:
        """The earliest last change, epoch ms, of a game that still lives."""
        life = self.expires - self.second
        return 1000 * (self.second - life + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One side of the table, taken when it has a ``token`` (SHA-256 of the key, hex).

    ``connection`` is the id of the connection that may play, ``left_by`` of the one that left;
    ``bound_at``, ``away_at`` are epoch ms.
    """

    token: str = field(default="", repr=False)
    name: str = ""
    connection: str | None = None
    bound_at: int = 0
    away: Away | None = None
    away_at: int | None = None
    left_by: str | None = None

    @property
    def taken(self) -> bool:
        return bool(self.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """All that is stored of a game. ``turn_at`` and ``since`` are epoch ms, ``expires`` is epoch s.

    ``since`` is when it began to wait or to be played. ``emoted`` is when each connection last sent
    an emote. ``replaced`` is the connection from which the last binding took a seat.
    """

    id: str
    expires: int
    rev: int = 1
    status: Status = "waiting"
    moves: str = ""
    winner: Mark | None = None
    x: Seat = Seat()
    o: Seat = Seat()
    clock: int = 0
    turn_at: int = 0
    since: int = 0
    listed: bool = False
    series: messages.Series = field(default_factory=messages.Series)
    offer: Mark | None = None
    next: str | None = None
    watchers: frozenset[str] = frozenset()
    emoted: Mapping[str, int] = field(default_factory=dict)
    replaced: str | None = None

    def seat(self, mark: Mark) -> Seat:
        return self.x if mark is Mark.X else self.o

    @property
    def phase(self) -> Phase:
        """The status, where all the ways to end count as one: ``finished``."""
        match self.status:
            case "waiting" | "playing" | "cancelled":
                return self.status
            case "won" | "drawn" | "resigned" | "timeout" | "abandoned":
                return "finished"
            case _:
                assert_never(self.status)

    @property
    def turn(self) -> Mark | None:
        return board.turn(self.moves) if self.status == "playing" else None

    @property
    def deadline(self) -> int | None:
        """When the player to move can be claimed against, epoch ms."""
        return self.turn_at + 1000 * self.clock if self.clock and self.turn else None

    @property
    def lobby(self) -> LobbyKind | None:
        """The list of the lobby that shows this game: none when nobody is there."""
        if not self.listed or not (self.x.connection or self.o.connection):
            return None
        kinds: dict[Status, LobbyKind] = {"waiting": "open", "playing": "live"}
        return kinds.get(self.status)

    @property
    def is_open(self) -> bool:
        """Whether it waits or is played."""
        return self.status in {"waiting", "playing"}

    def is_gone(self, second: int) -> bool:
        """Whether its life is over at this epoch second, whatever the database still holds."""
        return self.expires <= second


@dataclass(frozen=True, slots=True)
class Move:
    """A move judged from a history alone; a store writes it if that history is the stored one."""

    before: str
    cell: int

    @property
    def mark(self) -> Mark:
        return board.turn(self.before)

    @property
    def after(self) -> str:
        return f"{self.before}{self.cell}"

    @property
    def outcome(self) -> board.Outcome:
        return board.outcome(self.after)

    @property
    def status(self) -> Status:
        if not self.outcome.over:
            return "playing"
        return "won" if self.outcome.winner else "drawn"


# Who somebody is


def hash_key(key: str) -> str:
    """What the server keeps of a key: its SHA-256, hex."""
    return hashlib.sha256(key.encode()).hexdigest()


def code_from(*parts: str) -> str:
    """A game code (30 bits) that follows from these parts and tells nothing of them."""
    digest = hashlib.sha256("\0".join(("code", *parts)).encode()).digest()
    return crockford.encode(int.from_bytes(digest[:4]) >> 2, crockford.GAME_CODE_LENGTH)


def seat_of(game: Game, connection: str) -> Mark | None:
    """The seat that a connection holds."""
    return next((mark for mark in Mark if game.seat(mark).connection == connection), None)


def left_by(game: Game, connection: str) -> Mark | None:
    """The seat that a connection left, and that nobody holds since."""
    return next((mark for mark in Mark if game.seat(mark).left_by == connection), None)


def holder(game: Game, token: str) -> Mark | None:
    """The seat whose right is this hash; compared in constant time."""
    held = [mark for mark in Mark if hmac.compare_digest(game.seat(mark).token, token)]
    return held[0] if token and held else None


def sat_down(before: Game, after: Game) -> AbstractSet[str]:
    """The connections that hold a seat after a change and held none before it."""
    return _players(after) - _players(before)


def audience(game: Game) -> AbstractSet[str]:
    """The connections at the table: players and watchers."""
    return game.watchers | _players(game)


def _players(game: Game) -> AbstractSet[str]:
    return {seat.connection for seat in (game.x, game.o) if seat.connection}


# Judging


def check(game: Game, action: Action) -> None:
    """Refuses an action that the phase of the game forbids."""
    if refused := forbidden(action).get(game.phase):
        code, sentence = refused
        raise Refusal(code, sentence)


def judge_seated(game: Game, connection: str) -> Mark:
    """The seat of the one who asks; refuses who has none."""
    mark = seat_of(game, connection)
    if mark is None:
        raise Refusal(ErrorCode.NOT_SEATED, "You do not sit at this game with this connection.")
    return mark


def is_repeat(game: Game, connection: str, cell: int) -> bool:
    """Whether this move is a repeat of the last one: the same seat, the same tile."""
    mark = judge_seated(game, connection)
    return game.moves[-1:] == str(cell) and board.turn(game.moves[:-1]) is mark


def is_too_soon(spoken: int | None, at: Moment) -> bool:
    """Whether an emote comes too soon after the last one.

    A last one in the future does not count: the clock was set back since.
    """
    return spoken is not None and 0 <= at.now - spoken_at(spoken) < EMOTE_PAUSE_MS


def last_spoken(ms: int) -> int:
    """The highest that is noted of an emote of this millisecond."""
    return (ms + 1 << NONCE_BITS) - 1


def spoken_at(spoken: int) -> int:
    """When an emote was sent, epoch ms, of what `Moment.spoken` noted."""
    return spoken >> NONCE_BITS


def judge_play(game: Game, connection: str, cell: int, after: str | None) -> Move:
    """The move, if it may be played; ``after`` is the history its player saw."""
    mark = judge_seated(game, connection)
    check(game, Action.PLAY)
    if after is not None and after != game.moves:
        raise Refusal(
            ErrorCode.STALE, "The game has gone on since you looked; here is how it stands."
        )
    if game.turn is not mark:
        raise Refusal(ErrorCode.NOT_YOUR_TURN, "It is your opponent's turn.")
    if str(cell) in game.moves:
        raise Refusal(ErrorCode.TILE_TAKEN, "That tile is taken.")
    return Move(game.moves, cell)


def judge_claim(game: Game, mark: Mark, now: int) -> Status:
    """Why the game can be claimed now (epoch ms); refuses with when it can be."""
    check(game, Action.CLAIM)
    late_from = game.deadline if game.turn is mark.other else None
    away_at = game.seat(mark.other).away_at
    gone_from = None
    if away_at is not None:
        gone_from = max(away_at, game.since, game.seat(mark).bound_at) + CLAIM_AFTER_MS
    if late_from is not None and now >= late_from:
        return "timeout"
    if gone_from is not None and now >= gone_from:
        return "abandoned"
    retry_at = min((at for at in (late_from, gone_from) if at is not None), default=None)
    raise Refusal(ErrorCode.TOO_EARLY, "You cannot claim this game yet.", retry_at=retry_at)


# Changing


def with_seat(game: Game, mark: Mark, seat: Seat) -> Game:
    """A new game, not stored yet, with this seat."""
    return replace(game, x=seat) if mark is Mark.X else replace(game, o=seat)


def with_watchers(game: Game, watchers: AbstractSet[str]) -> Game:
    """The game as a push sees it, with these watchers."""
    return replace(game, watchers=frozenset(watchers))


def _change(game: Game, at: Moment, **changes: Any) -> Game:
    return replace(game, rev=game.rev + 1, expires=at.expires, **changes)


def _seated(game: Game, at: Moment, mark: Mark, seat: Seat, **changes: Any) -> Game:
    return _change(game, at, **{mark.value: seat}, **changes)


def _finished(game: Game, at: Moment, status: Status, winner: Mark | None, **changes: Any) -> Game:
    scored = winner.value if winner else "drawn"
    series = {name: getattr(game.series, name) + (name == scored) for name in ("x", "o", "drawn")}
    return _change(
        game, at, status=status, winner=winner, series=messages.Series(**series), **changes
    )


def played(game: Game, move: Move, at: Moment) -> Game:
    """The game after a move that was judged and belongs to its history."""
    changes = {"moves": move.after, "turn_at": at.now}
    if move.status == "playing":
        return _change(game, at, **changes)
    return _finished(game, at, move.status, move.outcome.winner, **changes)


def joined(game: Game, mark: Mark, seat: Seat, at: Moment) -> Game:
    """The game with its free seat taken: it begins."""
    watchers = game.watchers - {seat.connection}
    return _seated(
        game, at, mark, seat, status="playing", turn_at=at.now, since=at.now, watchers=watchers
    )


def bound(game: Game, mark: Mark, connection: str, at: Moment) -> Game:
    """The game with a seat held by this connection."""
    held = game.seat(mark)
    seat = replace(
        held, connection=connection, bound_at=at.now, away=None, away_at=None, left_by=None
    )
    watchers = game.watchers - {connection}
    return _seated(game, at, mark, seat, watchers=watchers, emoted={}, replaced=held.connection)


def unbound(game: Game, mark: Mark, at: Moment) -> Game:
    """The game with a seat whose connection was lost."""
    seat = replace(game.seat(mark), connection=None, away="lost", away_at=at.now)
    return _seated(game, at, mark, seat)


def reopened(game: Game, at: Moment) -> Game:
    """The game after its server was away: nobody is connected, and the absence was nobody's time.

    Whoever is to move has the whole time of the clock anew. A time to come is of a clock that has
    been set back, and becomes now.
    """
    for mark in Mark:
        if game.seat(mark).connection is not None:
            game = unbound(game, mark, at)
    opened = _none_ahead(game, at)
    if game.turn and game.clock:
        opened = replace(opened, turn_at=at.now)
    game = game if opened == game else _change(opened, at)
    return replace(game, watchers=frozenset(), emoted={})


def counted_anew(game: Game, at: Moment) -> Game:
    """The game whose times lie ahead, as after the clock was set back: from now on they count.

    The same game where none lies further ahead than the clocks of several servers may differ.
    """
    seats = [time for seat in (game.x, game.o) for time in (seat.bound_at, seat.away_at or 0)]
    if max(game.turn_at, game.since, *seats) <= at.now + CLOCKS_DIFFER_MS:
        return game
    return _change(_none_ahead(game, at), at)


def _none_ahead(game: Game, at: Moment) -> Game:
    def past(seat: Seat) -> Seat:
        away_at = None if seat.away_at is None else min(seat.away_at, at.now)
        return replace(seat, bound_at=min(seat.bound_at, at.now), away_at=away_at)

    turn_at, since = min(game.turn_at, at.now), min(game.since, at.now)
    return replace(game, x=past(game.x), o=past(game.o), turn_at=turn_at, since=since)


def left(game: Game, mark: Mark, at: Moment) -> Game:
    """The game after a player left it: an offer of theirs lapses, a waiting game is cancelled."""
    held = game.seat(mark)
    seat = replace(held, connection=None, away="left", away_at=at.now, left_by=held.connection)
    status = "cancelled" if game.status == "waiting" else game.status
    offer = None if game.offer is mark else game.offer
    return _seated(game, at, mark, seat, status=status, offer=offer)


def resigned(game: Game, mark: Mark, at: Moment) -> Game:
    """The game given up by ``mark``."""
    return _finished(game, at, "resigned", mark.other)


def claimed(game: Game, mark: Mark, reason: Status, at: Moment) -> Game:
    """The game won by the claim of ``mark``."""
    return _finished(game, at, reason, mark)


def offered(game: Game, mark: Mark, at: Moment) -> Game:
    """The game with a rematch offered by ``mark``."""
    return _change(game, at, offer=mark)


def moved_on(game: Game, next_id: str, at: Moment) -> Game:
    """The game whose players sit at ``next_id`` now; a waiting one is cancelled by it."""
    status = "cancelled" if game.status == "waiting" else game.status
    gone = {mark.value: _moved(game.seat(mark), at) for mark in Mark}
    return _change(game, at, next=next_id, status=status, **gone)


def _moved(seat: Seat, at: Moment) -> Seat:
    return replace(seat, connection=None, away="left", away_at=at.now) if seat.taken else seat


def renewed(game: Game, at: Moment) -> Game:
    """The game as the lobby shows it for some time to come; the same game where it does anyway.

    The lobby shows what began to wait, or to be played, no longer ago than a game lives. Whoever
    comes back to a game has it counted from half of that time ago, and keeps the place in line.
    """
    oldest = (at.oldest + at.now) // 2
    if game.lobby is None or game.since >= oldest:
        return game
    return _change(game, at, since=oldest)


def rematch_of(game: Game, attempt: int, at: Moment) -> Game:
    """The next game of these two: marks swapped, series and watchers kept, its code derived."""
    return Game(
        id=code_from("rematch", game.id, game.x.token, game.o.token, str(attempt)),
        expires=at.expires,
        status="playing",
        x=replace(game.o, bound_at=at.now),
        o=replace(game.x, bound_at=at.now),
        clock=game.clock,
        turn_at=at.now,
        since=at.now,
        listed=game.listed,
        series=messages.Series(x=game.series.o, o=game.series.x, drawn=game.series.drawn),
        watchers=game.watchers,
    )


# Showing


def snapshot(game: Game) -> messages.Snapshot:
    """What everybody may know of a game."""
    return messages.Snapshot(
        id=game.id,
        rev=game.rev,
        status=game.status,
        moves=game.moves,
        board=board.board(game.moves),
        turn=game.turn,
        winner=game.winner,
        lines=board.outcome(game.moves).lines,
        players=messages.Players(x=_player(game, Mark.X), o=_player(game, Mark.O)),
        clock=game.clock,
        deadline=game.deadline,
        series=game.series,
        rematch=game.offer,
        next=game.next,
        watchers=len(game.watchers),
    )


def _player(game: Game, mark: Mark) -> messages.Player | None:
    seat = game.seat(mark)
    if not seat.taken:
        return None
    return messages.Player(
        name=shown_name(seat.name, mark),
        online=seat.connection is not None,
        away=seat.away,
        away_at=seat.away_at,
    )
