"""A store that fails, or lets somebody else go first, when it is told to."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from backend.core.game import Game, Moment
from backend.core.ports import Busy, Change, LobbyLine, Store
from backend.local.store_wrapper import StoreWrapper

T = TypeVar("T")


class Failing(StoreWrapper):
    """Raises `Busy` once, before or after a change, or does a deed before a call.

    Knows the code of every game created.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.created: list[str] = []
        self._changes_left = 0
        self._after = False
        self._calls_left = 0
        self._deed: Callable[[], object] = tuple

    def fail(self, change: int, *, after: bool) -> None:
        """The so-manieth change from now fails; 0 is none."""
        self._changes_left, self._after = change, after

    def interrupt(self, call: int, deed: Callable[[], object]) -> None:
        """The deed is done before the so-manieth call from now, as if by another function."""
        self._calls_left, self._deed = call, deed

    def create(self, game: Game, at: Moment) -> None:
        self.created.append(game.id)
        super().create(game, at)

    def save_together(self, changes: Sequence[Change], at: Moment) -> None:
        self.created += [change.after.id for change in changes if change.before is None]
        super().save_together(changes, at)

    def load(self, game_id: str, at: Moment) -> Game | None:
        self._let_go_first()
        return self._store.load(game_id, at)

    def lobby(self, *arguments: Any, **options: Any) -> Sequence[LobbyLine]:
        self._let_go_first()
        return self._store.lobby(*arguments, **options)

    def _let_go_first(self) -> None:
        self._calls_left -= 1
        if not self._calls_left:
            self._deed()

    def _pass(self, call: Callable[[], T]) -> T:
        self._let_go_first()
        self._changes_left -= 1
        if self._changes_left:
            return call()
        if self._after:
            call()
        raise Busy
