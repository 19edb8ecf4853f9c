"""A store, connections and a clock in memory, to test the service with; no part of the product."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from backend.core import game as rules
from backend.core.game import Game, Moment, Move, Seat
from backend.core.ports import Change, Conflict, Gone, LobbyLine, Metric
from shared import codec
from shared import messages as wire
from shared.board import Mark
from shared.messages import LobbyKind


class MemoryStore:
    """`Store` over a dict; immutable matches make every change atomic."""

    def __init__(self) -> None:
        self.games: dict[str, Game] = {}
        self.calls: list[str] = []

    def create(self, game: Game, at: Moment) -> None:
        self.calls.append("create")
        if (current := self._living(game.id, at)) is not None:
            raise Conflict(current)
        self.games[game.id] = game

    def load(self, game_id: str, at: Moment) -> Game | None:
        self.calls.append("load")
        return self._living(game_id, at)

    def append_move(self, game_id: str, connection: str, move: Move, at: Moment) -> Game:
        with self._condition("append_move", game_id, at) as current:
            if (
                current.moves != move.before
                or current.status != "playing"
                or current.seat(move.mark).connection != connection
            ):
                raise Conflict(current)
        return self._put(rules.played(current, move, at))

    def take_seat(self, game_id: str, mark: Mark, seat: Seat, at: Moment) -> Game:
        with self._condition("take_seat", game_id, at) as current:
            host = current.seat(mark.other)
            if (
                current.status != "waiting"
                or current.seat(mark).taken
                or host.token == seat.token
                or host.connection == seat.connection
            ):
                raise Conflict(current)
        return self._put(rules.joined(current, mark, seat, at))

    def bind(self, game_id: str, mark: Mark, token: str, connection: str, at: Moment) -> Game:
        with self._condition("bind", game_id, at) as current:
            if current.seat(mark).token != token or rules.seat_of(current, connection) is not None:
                raise Conflict(current)
        return self._put(rules.bound(current, mark, connection, at))

    def unbind(self, game_id: str, mark: Mark, connection: str, at: Moment) -> Game:
        with self._condition("unbind", game_id, at) as current:
            if current.seat(mark).connection != connection:
                raise Conflict(current)
        return self._put(rules.unbound(current, mark, at))

    def watch(self, game_id: str, connection: str, at: Moment) -> Game:
        with self._condition("watch", game_id, at) as current:
            room = connection in current.watchers or len(current.watchers) < rules.MAX_WATCHERS
            if not room or rules.seat_of(current, connection) is not None:
                raise Conflict(current)
        return self._put(replace(current, watchers=current.watchers | {connection}))

    def unwatch(self, game_id: str, connection: str, at: Moment) -> Game:
        with self._condition("unwatch", game_id, at) as current:
            pass
        return self._put(replace(current, watchers=current.watchers - {connection}))

    def emote(self, game_id: str, connection: str, at: Moment) -> Game:
        with self._condition("emote", game_id, at) as current:
            last = current.emoted.get(connection)
            if rules.seat_of(current, connection) is None or rules.is_too_soon(last, at):
                raise Conflict(current)
        return self._put(replace(current, emoted={**current.emoted, connection: at.spoken}))

    def save(self, before: Game, after: Game, at: Moment) -> Game:
        with self._condition("save", before.id, at) as current:
            if current.rev != before.rev:
                raise Conflict(current)
        return self._put(_saved(before, after, current))

    def save_together(self, changes: Sequence[Change], at: Moment) -> None:
        self.calls.append("save_together")
        saved = []
        for place, change in enumerate(changes):
            current, before = self._living(change.after.id, at), change.before
            if (current and current.rev) != (before and before.rev):
                raise Conflict(current, place)
            saved.append(
                _saved(before, change.after, current) if current and before else change.after
            )
        for game in saved:
            self._put(game)

    def games_of(self, connection: str) -> Sequence[tuple[str, Mark | None]]:
        self.calls.append("games_of")
        held = [
            (game.seat(mark).bound_at, game.id, mark, game.is_open)
            for game in self.games.values()
            for mark in Mark
            if game.seat(mark).connection == connection
        ]
        watched = [
            (game.id, None)
            for game in self.games.values()
            if game.is_open and connection in game.watchers
        ]
        last = sorted(seat for seat in held if not seat[-1])[-1:]
        seats = [*(seat for seat in held if seat[-1]), *last]
        return [*((game_id, mark) for _, game_id, mark, _ in seats), *watched]

    def lobby(
        self, kind: LobbyKind, since: int, *, clock: int | None = None, oldest_first: bool = False
    ) -> Sequence[LobbyLine]:
        self.calls.append("lobby")
        lines = [
            LobbyLine(
                id=game.id,
                since=game.since,
                clock=game.clock,
                names=(_name(game.x), _name(game.o)),
                connections=(game.x.connection, game.o.connection),
            )
            for game in self.games.values()
            if game.lobby == kind
            and game.since >= since
            and clock in {None, game.clock}
            and (game.x.connection or game.o.connection)
        ]
        lines.sort(key=lambda line: (line.since, line.id), reverse=not oldest_first)
        return lines[:25]

    @contextmanager
    def _condition(self, call: str, game_id: str, at: Moment) -> Iterator[Game]:
        self.calls.append(call)
        current = self._living(game_id, at)
        if current is None:
            raise Conflict(None)
        yield current

    def _living(self, game_id: str, at: Moment) -> Game | None:
        game = self.games.get(game_id)
        return None if game is None or game.is_gone(at.second) else game

    def _put(self, game: Game) -> Game:
        self.games[game.id] = game
        return game


def _saved(before: Game, after: Game, current: Game) -> Game:
    watchers = current.watchers - rules.sat_down(before, after)
    return replace(after, watchers=watchers, emoted=current.emoted)


def _name(seat: Seat) -> str | None:
    return seat.name if seat.taken else None


@dataclass
class MemoryConnections:
    """`Connections` that keep what was posted; ``gone`` connections are no more."""

    inbox: dict[str, list[wire.AnyEvent]] = field(default_factory=lambda: defaultdict(list))
    gone: set[str] = field(default_factory=set)
    on_post: Callable[[str], None] = lambda _: None

    def post(self, connection: str, frame: str) -> None:
        self.on_post(connection)
        if connection in self.gone:
            raise Gone
        event = codec.decode_event(frame)
        assert event is not None
        assert not isinstance(event, wire.GatewayNotice)
        self.inbox[connection].append(event)

    def is_there(self, connection: str) -> bool:
        return connection not in self.gone

    def take(self, connection: str) -> list[wire.AnyEvent]:
        return self.inbox.pop(connection, [])


@dataclass
class ManualClock:
    """`Clock` that stands still until it is told otherwise."""

    ms: int = 1_700_000_000_000

    def now(self) -> int:
        return self.ms

    def advance(self, *, seconds: float = 0, ms: int = 0) -> None:
        self.ms += round(1000 * seconds) + ms


class Counts:
    """`Metrics` that adds up."""

    def __init__(self) -> None:
        self.counts: dict[Metric, int] = defaultdict(int)

    def count(self, counts: Mapping[Metric, int]) -> None:
        for metric, number in counts.items():
            self.counts[metric] += number
