"""The client's state and the player's seats, changed together.

A seat is saved before anybody is told of it.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from msgspec import UNSET

from shared.messages import (
    AnyEvent,
    GameEvent,
    Joined,
    RematchOffered,
    Replaced,
    Snapshot,
    Started,
    token_of,
)
from tui.client.seats import SavedSeat, Seats
from tui.client.state import (
    ClientState,
    Happening,
    Missed,
    MissedFound,
    MovedOn,
    SeatReplaced,
    Table,
    TableGone,
    TableLeft,
    reduce,
)

_log: Final = logging.getLogger(__name__)

_PATIENCE_SECONDS: Final = 0.25
"""Somebody who only looks whether a seat is free has its lock for an instant."""

Subscriber = Callable[[ClientState, Happening], None]


class Tables:
    def __init__(self, seats: Seats, now_ms: Callable[[], int]) -> None:
        self.state = ClientState()
        self._seats = seats
        self._server = ""
        self._now_ms = now_ms
        self._held: dict[str, SavedSeat] = {}
        self._subscribers: list[Subscriber] = []

    @property
    def needed(self) -> str | None:
        """The server at whose tables we sit: at any other they would be gone, and the seats too."""
        sitting = any(table.alive for table in self.state.tables.values())
        return self._server if sitting else None

    def settle(self, server: str) -> None:
        """Takes what seats on disk call the server that answers from now on."""
        self._server = server

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    def happened(self, happening: Happening) -> None:
        """Reduces the state and tells everybody."""
        state = reduce(self.state, happening, self._now_ms())
        self.state = replace(state, warning=self._seats.warning)
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(self.state, happening)
            except Exception:  # noqa: BLE001 (one subscriber's fault must not reach the others)
                _log.exception("a subscriber failed")

    def heard(self, event: AnyEvent) -> None:
        """Takes an event of the server: what it says of our seats first, then the state."""
        match event:
            case Started() | Joined() if event.token is not UNSET:
                self.keep(event.id, event.token)
            case RematchOffered() if event.next is not UNSET and event.id in self._held:
                old = self._held[event.id]
                self.keep(event.next.id, token_of(old.mark.other, old.key))
                self.forget(event.id)
            case Replaced():
                self._release(event.id)
        self.happened(event)
        self._hold(getattr(event, "id", ""))

    def turned_down(self, event: GameEvent) -> None:
        """Takes no seat that nobody waits for; one in a game that runs stays on disk."""
        if isinstance(event, Started | Joined) and event.token is not UNSET:
            self.keep(event.id, event.token)
        if event.game.status == "playing":
            self.let_go(event.id)
        else:
            self.forget(event.id)

    def table(self, game_id: str) -> Table | None:
        return self.state.tables.get(game_id)

    def seat_in(self, game_id: str) -> SavedSeat | None:
        return self._held.get(game_id)

    def keep(self, game_id: str, token: str) -> SavedSeat:
        seat = self._held[game_id] = self._seats.keep(self._server, game_id, token)
        return seat

    def take(self, seat: SavedSeat) -> bool:
        """Holds a seat that was left on disk; False when another process has it."""
        held = self._seats.hold(seat, patience=_PATIENCE_SECONDS)
        if held:
            self._held[seat.id] = seat
        return held

    def let_go(self, game_id: str) -> None:
        """Leaves a seat on disk for whoever resumes it."""
        self._release(game_id)
        self._held.pop(game_id, None)

    def forget(self, game_id: str) -> None:
        """Drops the seat in a game for good."""
        if (seat := self._held.pop(game_id, None)) is not None:
            self._seats.forget(seat)

    def discard(self, seat: SavedSeat) -> None:
        """Drops a seat on disk that leads nowhere at the server that answers, if it is of there."""
        if seat.url == self._server:
            self._seats.forget(seat)

    def missed(self, seat: SavedSeat, game: Snapshot | None) -> SavedSeat | None:
        """Tells of a game left behind that has ended, and drops its seat; the rematch's, if any."""
        if seat.url != self._server:
            return None
        table = None if game is None else Table(game, seat.mark)
        self.happened(MissedFound(Missed(seat.id, table)))
        self._seats.forget(seat)
        if game is None or game.next is None:
            return None
        rematch = self._seats.keep(seat.url, game.next, token_of(seat.mark.other, seat.key))
        self._seats.release(rematch)
        return rematch

    def left_behind(self) -> tuple[SavedSeat, ...]:
        """The seats on disk that no living process holds, newest first."""
        return self._seats.offered(self._server)

    def gone(self, game_id: str, sentence: str) -> None:
        """The server does not know the game, or not our right to its seat."""
        if (seat := self._held.get(game_id)) is not None:
            self.let_go(game_id)
            self.discard(seat)
        self.happened(TableGone(game_id, sentence))

    def left(self, game_id: str) -> None:
        """Turns away; the seat in a game that is running stays on disk, to be resumed."""
        table = self.table(game_id)
        if table is not None and table.seat is not None and not table.replaced:
            if table.game.status == "playing":
                self.let_go(game_id)
            else:
                self.forget(game_id)
        self.happened(TableLeft(game_id))

    def moved_on(self, game_id: str, onward: str) -> None:
        self.forget(game_id)
        self.happened(MovedOn(game_id, onward))

    def replaced(self, game_id: str) -> None:
        self._release(game_id)
        self.happened(SeatReplaced(game_id))

    def close(self) -> None:
        """Lets other processes offer the seats."""
        for game_id in self._held:
            self._release(game_id)

    def _hold(self, game_id: str) -> None:
        """Holds our seat, which another process may have let go only now."""
        seat, table = self._held.get(game_id), self.table(game_id)
        if seat is not None and table is not None and not table.replaced:
            self._seats.hold(seat)

    def _release(self, game_id: str) -> None:
        if (seat := self._held.get(game_id)) is not None:
            self._seats.release(seat)
