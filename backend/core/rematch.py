"""Another game of the same two.

The old game ends in the new one in one transaction, so there is no half of it: nothing that was
created in vain, and nothing to take back. The new code follows from the old game and the new tokens
from the old keys: nothing secret need be delivered.
"""

from collections.abc import Set as AbstractSet
from contextlib import suppress

from backend.core import game as rules
from backend.core.context import Context
from backend.core.game import Game
from backend.core.ports import Busy, Change, Conflict, Metric, Metrics, Store
from backend.core.presence import Presence
from backend.core.seating import TRIES
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode, Refusal


class Rematches:
    """Offers, accepts, and leads those to the new game who missed it."""

    def __init__(self, store: Store, presence: Presence, metrics: Metrics) -> None:
        self._store = store
        self._presence = presence
        self._metrics = metrics

    def rematch(self, request: wire.Rematch, context: Context) -> wire.RematchOffered:
        """Offers a rematch, accepts the opponent's offer, or tells of the rematch there is."""
        current = context.see(self._store.load(request.id, context.at))
        taken = 0
        for _ in range(TRIES):
            if current.next is not None and current.phase == "finished":
                return self._lead(current, context)
            mark = rules.judge_seated(current, context.connection)
            rules.check(current, rules.Action.REMATCH)
            try:
                if current.offer is not mark.other:
                    return self._offer(current, mark, context)
                new = rules.rematch_of(current, taken, context.at)
                return self._accept(current, new, mark, context)
            except Conflict as conflict:
                if conflict.place:
                    taken += 1  # the code of the new game is somebody else's
                else:
                    current = context.see(conflict.current)
        raise Busy

    def _offer(self, current: Game, mark: Mark, context: Context) -> wire.RematchOffered:
        game = current
        if current.offer is not mark:
            offered = rules.offered(current, mark, context.at)
            game = context.see(self._store.save(current, offered, context.at))
        event = wire.RematchOffered(
            id=game.id, mark=mark, game=rules.snapshot(game), now=context.at.now
        )
        self._presence.tell(game, event, context.at, but={context.connection})
        return event

    def _accept(
        self, current: Game, new: Game, mark: Mark, context: Context
    ) -> wire.RematchOffered:
        moved = rules.moved_on(current, new.id, context.at)
        self._store.save_together([Change(current, moved), Change(None, new)], context.at)
        self._metrics.count({Metric.STARTED: 1})
        late = self._watchers(moved, context)
        self._tell(context.see(moved), new, mark, late, context)
        return _leading(moved, new, mark, mark.other, context)

    def _watchers(self, game: Game, context: Context) -> AbstractSet[str]:
        """Who watches the game as it is now: some begin in the moment of the rematch."""
        with suppress(Busy):
            game = self._store.load(game.id, context.at) or game
        return game.watchers

    def _lead(self, current: Game, context: Context) -> wire.RematchOffered:
        new = self._store.load(current.next or "", context.at)
        if new is None:
            raise Refusal(ErrorCode.NO_SUCH_GAME, "The rematch of this game is gone.")
        seat = rules.seat_of(new, context.connection)
        if seat is None:
            mark = rules.seat_of(current, context.connection)
            return _leading(current, new, mark, None, context)
        if new.status == "playing" and not new.moves:
            # Accepted before, and perhaps nobody was told of it.
            self._tell(current, new, seat.other, current.watchers, context)
        return _leading(current, new, seat.other, seat, context)

    def _tell(
        self, old: Game, new: Game, mark: Mark, late: AbstractSet[str], context: Context
    ) -> None:
        # Who began to watch in the moment of the rematch does not watch the new game yet.
        self._presence.tell(
            rules.with_watchers(new, new.watchers | late),
            lambda seat: _leading(old, new, mark, seat, context),
            context.at,
            but={context.connection},
        )


def _leading(
    old: Game, new: Game, mark: Mark | None, seat: Mark | None, context: Context
) -> wire.RematchOffered:
    """The event for one who holds ``seat`` of the new game; ``mark`` is who asked, at the old."""
    return wire.RematchOffered(
        id=old.id,
        mark=mark,
        game=rules.snapshot(old),
        next=wire.Next(id=new.id, mark=seat, game=rules.snapshot(new)),
        now=context.at.now,
    )
