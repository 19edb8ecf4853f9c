"""A store with which something happens at the next call of a name; no part of the product."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

from backend.core.ports import Busy
from backend.local.store_wrapper import StoreWrapper

T = TypeVar("T")
Call = Callable[[], Any]


class MeddledStore(StoreWrapper):
    """``store.next["save"] = unseen``."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self.next: dict[str, Callable[[Call], Any]] = {}

    def _pass(self, call: Callable[[], T]) -> T:
        name = cast("partial[T]", call).func.__name__
        meddle = self.next.pop(name, None)
        return call() if meddle is None else cast("T", meddle(call))


def unseen(call: Call) -> object:
    """The change is made, its answer is lost, and the library makes it once more."""
    call()
    return call()


def refused(_call: Call) -> object:
    """The store is busy and changes nothing."""
    raise Busy


def late(call: Call) -> object:
    """The change is made, but its answer comes too late."""
    call()
    raise Busy


def after(deed: Callable[[], object]) -> Callable[[Call], object]:
    """Something else happens first."""

    def meddle(call: Call) -> object:
        deed()
        return call()

    return meddle
