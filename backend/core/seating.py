"""Who sits where: starting, joining and resuming.

A seat is the right of whoever knows its key. Keys make these requests repeatable: the same key
finds the same seat again.
"""

from collections.abc import Callable
from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace as with_fields

from backend.core import game as rules
from backend.core.context import Context
from backend.core.game import Action, Game, Seat
from backend.core.ports import Busy, Conflict, Metric, Metrics, Store
from backend.core.pushes import Pushes
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode, Refusal

TRIES: Final = 3


class Seating:
    """Gives seats and binds them to connections."""

    def __init__(
        self, store: Store, pushes: Pushes, metrics: Metrics, new_key: Callable[[], str]
    ) -> None:
        self._store = store
        self._pushes = pushes
        self._metrics = metrics
        self._new_key = new_key

    def start(self, request: wire.Start, context: Context) -> wire.Started:
        """A new game, or the one that this key started before."""
        key, at = self.key(request.key), context.at
        token = rules.hash_key(key)
        mark = _wanted(request.mark, token)
        seat = self.seat(token, request.name, context)
        for attempt in range(TRIES):
            game = Game(
                id=rules.code_from(key, str(attempt)),
                expires=at.expires,
                clock=request.clock,
                since=at.now,
                listed=request.listed,
            )
            game = rules.with_seat(game, mark, seat)
            try:
                self._store.create(game, at)
            except Conflict as conflict:
                held = conflict.current
                if held is not None and (own := rules.holder(held, token)) is not None:
                    return self.started(self.hold(held, own, token, context), own, key, context)
                continue
            self._metrics.count({Metric.STARTED: 1})
            return self.started(game, mark, key, context)
        raise Busy

    def join(self, request: wire.Join, context: Context) -> wire.Joined:
        """The free seat, or the one that this key took before."""
        key = self.key(request.key)
        token = rules.hash_key(key)
        seat = self.seat(token, request.name, context)
        current = context.see(self._store.load(request.id, context.at))
        for _ in range(TRIES):
            own = rules.holder(current, token)
            if own is not None and current.status != "waiting":
                held = self.hold(current, own, token, context)
                reply = self.joined(held, own, key, context)
                if held is current and current.status == "playing" and not current.moves:
                    # Taken before, and perhaps nobody was told of it.
                    self._tell_of(held, reply, context)
                return reply
            if own is not None or rules.seat_of(current, context.connection) is not None:
                raise Refusal(ErrorCode.OWN_GAME, "You already sit at this game.")
            rules.check(current, Action.JOIN)
            mark = Mark.O if current.x.taken else Mark.X
            try:
                game = self._store.take_seat(request.id, mark, seat, context.at)
            except Conflict as conflict:
                current = context.see(conflict.current)
                continue
            reply = self.joined(game, mark, key, context)
            self._tell_of(game, reply, context)
            return reply
        raise Busy

    def resume(self, request: wire.Resume, context: Context) -> wire.Resumed:
        """The seat that the token is the right to, bound to this connection, in every status."""
        try:
            mark, key = wire.parse_token(request.token)
        except ValueError:
            raise _bad_token() from None
        game = self._bind(request.id, mark, rules.hash_key(key), context)
        return wire.Resumed(id=game.id, mark=mark, game=rules.snapshot(game), now=context.at.now)

    def hold(self, game: Game, mark: Mark, token: str, context: Context) -> Game:
        """The game with the seat held by who asks, who has proved the right to it."""
        if game.seat(mark).connection == context.connection:
            return game
        return self._bind(game.id, mark, token, context)

    def _tell_of(self, game: Game, reply: wire.Joined, context: Context) -> None:
        self._pushes.tell(game, without_token(reply), context.at, but={context.connection})

    def _bind(self, game_id: str, mark: Mark, token: str, context: Context) -> Game:
        connection, at = context.connection, context.at
        try:
            game = context.see(self._store.bind(game_id, mark, token, connection, at))
        except Conflict as conflict:
            game = context.see(conflict.current)
            if rules.holder(game, token) is not mark:
                raise _bad_token() from None
            if game.seat(mark.other).connection == connection:
                raise Refusal(
                    ErrorCode.OWN_GAME, "You hold the other seat with this connection."
                ) from None
            if game.seat(mark).connection != connection:
                raise Busy from None
        # Of a binding that an earlier try made, unseen, the others hear as well.
        if game.replaced is not None and rules.seat_of(game, game.replaced) is None:
            self._pushes.post(game.replaced, wire.Replaced(id=game_id))
        back = wire.Presence(
            id=game_id, mark=mark, online=True, game=rules.snapshot(game), now=at.now
        )
        self._pushes.tell(game, back, at, but={connection})
        return game

    def key(self, key: str | UnsetType) -> str:
        """The client's key, or a new one."""
        return self._new_key() if key is UNSET else key

    def seat(self, token: str, name: str, context: Context) -> Seat:
        """A seat newly taken by who asks."""
        return Seat(token=token, name=name, connection=context.connection, bound_at=context.at.now)

    def started(self, game: Game, mark: Mark, key: str | None, context: Context) -> wire.Started:
        """The reply to who waits in this game; without token when the key is not known."""
        return wire.Started(
            id=game.id,
            mark=mark,
            token=UNSET if key is None else wire.token_of(mark, key),
            game=rules.snapshot(context.see(game)),
            now=context.at.now,
        )

    def joined(self, game: Game, mark: Mark, key: str, context: Context) -> wire.Joined:
        """The reply to who joined this game."""
        return wire.Joined(
            id=game.id,
            mark=mark,
            token=wire.token_of(mark, key),
            game=rules.snapshot(context.see(game)),
            now=context.at.now,
        )


def without_token(event: wire.Joined) -> wire.Joined:
    """The event as the others may see it."""
    return with_fields(event, token=UNSET)


def _wanted(mark: str, token: str) -> Mark:
    # Chance comes out of the key, so that a repeated request is answered alike.
    return list(Mark)[int(token[-1], 16) % 2] if mark == "random" else Mark(mark)


def _bad_token() -> Refusal:
    return Refusal(ErrorCode.BAD_TOKEN, "That token is not the right to a seat of this game.")
