"""A store that passes every call on to another: what stands between the service and its store."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Protocol, TypeVar, runtime_checkable

from backend.core.game import Game, Moment, Move, Seat
from backend.core.ports import Change, LobbyLine, Store
from shared.board import Mark
from shared.messages import LobbyKind

T = TypeVar("T")


@runtime_checkable
class Grouping(Protocol):
    """A store that can make the changes of several calls durable together."""

    def group(self) -> AbstractContextManager[None]:
        """What is called within is durable at the end; nothing of it, when the end raises."""


def group_of(store: Store) -> AbstractContextManager[None]:
    """A group of this store, or nothing where each of its calls is durable by itself."""
    return store.group() if isinstance(store, Grouping) else nullcontext()


class StoreWrapper:
    """A `Store`. Override one call, or `_pass`, which all of them go through."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _pass(self, call: Callable[[], T]) -> T:
        return call()

    def group(self) -> AbstractContextManager[None]:
        return group_of(self._store)

    def create(self, game: Game, at: Moment) -> None:
        self._pass(partial(self._store.create, game, at))

    def load(self, game_id: str, at: Moment) -> Game | None:
        return self._pass(partial(self._store.load, game_id, at))

    def append_move(self, game_id: str, connection: str, move: Move, at: Moment) -> Game:
        return self._pass(partial(self._store.append_move, game_id, connection, move, at))

    def take_seat(self, game_id: str, mark: Mark, seat: Seat, at: Moment) -> Game:
        return self._pass(partial(self._store.take_seat, game_id, mark, seat, at))

    def bind(self, game_id: str, mark: Mark, token: str, connection: str, at: Moment) -> Game:
        return self._pass(partial(self._store.bind, game_id, mark, token, connection, at))

    def unbind(self, game_id: str, mark: Mark, connection: str, at: Moment) -> Game:
        return self._pass(partial(self._store.unbind, game_id, mark, connection, at))

    def watch(self, game_id: str, connection: str, at: Moment) -> Game:
        return self._pass(partial(self._store.watch, game_id, connection, at))

    def unwatch(self, game_id: str, connection: str, at: Moment) -> Game:
        return self._pass(partial(self._store.unwatch, game_id, connection, at))

    def emote(self, game_id: str, connection: str, at: Moment) -> Game:
        return self._pass(partial(self._store.emote, game_id, connection, at))

    def save(self, before: Game, after: Game, at: Moment) -> Game:
        return self._pass(partial(self._store.save, before, after, at))

    def save_together(self, changes: Sequence[Change], at: Moment) -> None:
        self._pass(partial(self._store.save_together, changes, at))

    def games_of(self, connection: str) -> Sequence[tuple[str, Mark | None]]:
        return self._pass(partial(self._store.games_of, connection))

    def lobby(
        self, kind: LobbyKind, since: int, *, clock: int | None = None, oldest_first: bool = False
    ) -> Sequence[LobbyLine]:
        return self._pass(
            partial(self._store.lobby, kind, since, clock=clock, oldest_first=oldest_first)
        )
