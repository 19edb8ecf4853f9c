"""Another game of the same two.

The new game is created first and its code follows from the old one, so a request that stopped half
way is finished by the next: nothing secret need be delivered, and no two rematches of one game can
exist.
"""

import contextlib
from dataclasses import replace

from backend.core import game as rules
from backend.core.context import Context
from backend.core.game import Game
from backend.core.ports import Busy, Conflict, Metric, Metrics, Store
from backend.core.pushes import Pushes
from backend.core.seating import TRIES
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode, Refusal


class Rematches:
    """Offers, accepts, and leads those to the new game who missed it."""

    def __init__(self, store: Store, pushes: Pushes, metrics: Metrics) -> None:
        self._store = store
        self._pushes = pushes
        self._metrics = metrics

    def rematch(self, request: wire.Rematch, context: Context) -> wire.RematchOffered:
        """Offers a rematch, accepts the opponent's offer, or tells of the rematch there is."""
        current = context.see(self._store.load(request.id, context.at))
        for _ in range(TRIES):
            if current.next is not None and current.phase == "finished":
                return self._lead(current, context)
            mark = rules.judge_seated(current, context.connection)
            rules.check(current, rules.Action.REMATCH)
            try:
                if current.offer is mark.other:
                    return self._accept(current, mark, context)
                return self._offer(current, mark, context)
            except Conflict as conflict:
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
        self._pushes.tell(game, event, context.at, but={context.connection})
        return event

    def _accept(self, current: Game, mark: Mark, context: Context) -> wire.RematchOffered:
        new = self._create(current, context)
        try:
            old = self._store.save(current, rules.moved_on(current, new.id, context.at), context.at)
        except Conflict as conflict:
            if conflict.current is None or conflict.current.next != new.id:
                self._withdraw(new, context)
                raise
            # This very request did it before, unseen; who has heard of it hears it twice.
            old = conflict.current
        else:
            self._metrics.count({Metric.STARTED: 1})
        context.see(old)

        def event_for(new_mark: Mark | None) -> wire.RematchOffered:
            return wire.RematchOffered(
                id=old.id,
                mark=mark,
                game=rules.snapshot(old),
                next=wire.Next(id=new.id, mark=new_mark, game=rules.snapshot(new)),
                now=context.at.now,
            )

        # Who began to watch in this moment does not watch the new game yet, and is told of it.
        told = replace(new, watchers=old.watchers)
        self._pushes.tell(told, event_for, context.at, but={context.connection})
        return event_for(mark.other)

    def _create(self, current: Game, context: Context) -> Game:
        for attempt in range(TRIES):
            new = rules.rematch_of(current, attempt, context.at)
            try:
                self._store.create(new, context.at)
            except Conflict as conflict:
                made = conflict.current
                if made is None or (made.x.token, made.o.token) != (new.x.token, new.o.token):
                    continue
                return self._adopt(current, made, new, context)
            return new
        raise Busy

    def _adopt(self, current: Game, made: Game, new: Game, context: Context) -> Game:
        """The rematch that an earlier try created, with the connections of now.

        Nobody knows of it, and so nobody has changed it, until the old game says so.

        Raises:
            Conflict: the old game has changed.
        """
        old = self._store.load(current.id, context.at)
        if old is None or old.rev != current.rev:
            raise Conflict(old)
        try:
            return self._store.save(made, replace(new, rev=made.rev + 1), context.at)
        except Conflict:
            raise Busy from None

    def _withdraw(self, new: Game, context: Context) -> None:
        """Takes a rematch that came to nothing out of sight; what fails is left to its expiry."""
        with contextlib.suppress(Conflict, Busy):
            self._store.save(new, rules.withdrawn(new, context.at), context.at)

    def _lead(self, current: Game, context: Context) -> wire.RematchOffered:
        new = self._store.load(current.next or "", context.at)
        if new is None:
            raise Refusal(ErrorCode.NO_SUCH_GAME, "The rematch of this game is gone.")
        mark = rules.seat_of(new, context.connection)
        return wire.RematchOffered(
            id=current.id,
            mark=None if mark is None else mark.other,
            game=rules.snapshot(current),
            next=wire.Next(id=new.id, mark=mark, game=rules.snapshot(new)),
            now=context.at.now,
        )
