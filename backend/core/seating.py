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
from backend.core.game import Action, Game, Moment, Seat
from backend.core.ports import Busy, Conflict, Metric, Metrics, Store
from backend.core.presence import Presence
from backend.core.pushes import Pushes
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode, Refusal

TRIES: Final = 3


class Seating:
    """Gives seats and binds them to connections."""

    def __init__(
        self,
        store: Store,
        pushes: Pushes,
        presence: Presence,
        metrics: Metrics,
        new_key: Callable[[], str],
    ) -> None:
        self._store = store
        self._pushes = pushes
        self._presence = presence
        self._metrics = metrics
        self._new_key = new_key

    def start(self, request: wire.Start, context: Context) -> wire.Started:
        """A new game, or the one that this key started before."""
        key = self.key(request.key)
        token = rules.hash_key(key)
        for attempt in range(TRIES):
            try:
                return self.open(request, key, rules.code_from(key, str(attempt)), context)
            except Conflict as conflict:
                held = self._went_on(conflict.current, token, context)
                if held is not None and (own := rules.holder(held, token)) is not None:
                    return self.started(self.hold(held, own, token, context), own, key, context)
        raise Busy

    def _went_on(self, game: Game | None, token: str, context: Context) -> Game | None:
        """The game to which the key of this one went on by a quick match, else this one."""
        if game is None or game.status != "cancelled" or game.next is None:
            return game
        joined = self._store.load(game.next, context.at)
        return game if joined is None or rules.holder(joined, token) is None else joined

    def open(self, request: wire.Start, key: str, code: str, context: Context) -> wire.Started:
        """A new game of this code.

        Raises:
            Conflict: there is one already.
        """
        token = rules.hash_key(key)
        mark = _wanted(request.mark, token)
        game = Game(
            id=code,
            expires=context.at.expires,
            clock=request.clock,
            since=context.at.now,
            listed=request.listed,
        )
        game = rules.with_seat(game, mark, self.seat(token, request.name, context))
        self._store.create(game, context.at)
        self._metrics.count({Metric.STARTED: 1})
        return self.started(game, mark, key, context)

    def join(self, request: wire.Join, context: Context) -> wire.Joined:
        """The free seat, or the one that this key took before."""
        key = self.key(request.key)
        token = rules.hash_key(key)
        seat = self.seat(token, request.name, context)
        current = context.see(self._store.load(request.id, context.at))
        for _ in range(TRIES):
            own = rules.holder(current, token)
            if own is not None and current.status != "waiting":
                return self.rejoined(current, own, key, context)
            if own is not None or rules.seat_of(current, context.connection) is not None:
                raise Refusal(ErrorCode.OWN_GAME, "You already sit at this game.")
            rules.check(current, Action.JOIN)
            mark = Mark.O if current.x.taken else Mark.X
            try:
                game = self._store.take_seat(request.id, mark, seat, context.at)
            except Conflict as conflict:
                current = context.see(conflict.current)
                continue
            return self.announced(game, mark, key, context)
        raise Busy

    def rejoined(self, game: Game, mark: Mark, key: str, context: Context) -> wire.Joined:
        """The reply to who joined this game before, and perhaps nobody was told of it.

        Without a token when the key is not the seat's, and so was not given in the request.
        """
        token = rules.hash_key(key)
        if rules.holder(game, token) is not mark:
            return with_fields(self.joined(game, mark, key, context), token=UNSET)
        held = self._held(game, mark, token, context)
        if held.status == "playing" and not held.moves:
            return self.announced(held, mark, key, context)
        if held is not game:
            self._tell_of_return(held, mark, context)
        return self.joined(held, mark, key, context)

    def announced(self, game: Game, mark: Mark, key: str, context: Context) -> wire.Joined:
        """The reply to who joined this game, which the others are told of."""
        reply = self.joined(game, mark, key, context)
        told = with_fields(reply, token=UNSET)
        self._presence.tell(game, told, context.at, but={context.connection})
        return reply

    def resume(self, request: wire.Resume, context: Context) -> wire.Resumed:
        """The seat that the token is the right to, bound to this connection, in every status."""
        try:
            mark, key = wire.parse_token(request.token)
        except ValueError:
            raise _bad_token() from None
        game = self._bind(request.id, mark, rules.hash_key(key), context)
        self._tell_of_return(game, mark, context)
        return wire.Resumed(id=game.id, mark=mark, game=rules.snapshot(game), now=context.at.now)

    def hold(self, game: Game, mark: Mark, token: str, context: Context) -> Game:
        """The game with the seat held by who asks, who has proved the right to it."""
        held = self._held(game, mark, token, context)
        if held is not game:
            self._tell_of_return(held, mark, context)
        return held

    def _held(self, game: Game, mark: Mark, token: str, context: Context) -> Game:
        if game.seat(mark).connection == context.connection:
            return game
        return self._bind(game.id, mark, token, context)

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
        game = context.see(self._renewed(game, at))
        # Of a binding that an earlier try made, unseen, the others hear as well.
        if game.replaced is not None and rules.seat_of(game, game.replaced) is None:
            self._pushes.post(game.replaced, wire.Replaced(id=game_id))
        return game

    def _tell_of_return(self, game: Game, mark: Mark, context: Context) -> None:
        shown, now = rules.snapshot(game), context.at.now
        back = wire.Presence(id=game.id, mark=mark, online=True, game=shown, now=now)
        self._presence.tell(game, back, context.at, but={context.connection})

    def _renewed(self, game: Game, at: Moment) -> Game:
        """The game, which the lobby shows as long as it lives and its player comes back to it."""
        renewed = rules.renewed(game, at)
        if renewed is game:
            return game
        try:
            return self._store.save(game, renewed, at)
        except (Busy, Conflict):
            # Left to whoever comes back next.
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


def _wanted(mark: str, token: str) -> Mark:
    # Chance comes out of the key, so that a repeated request is answered alike.
    return list(Mark)[int(token[-1], 16) % 2] if mark == "random" else Mark(mark)


def _bad_token() -> Refusal:
    return Refusal(ErrorCode.BAD_TOKEN, "That token is not the right to a seat of this game.")
