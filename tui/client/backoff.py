"""How long the client waits before it connects, or asks, once more."""

from collections.abc import Callable, Generator


class Backoff:
    """Growing, jittered pauses; ``random`` draws from 0 to 1."""

    def __init__(self, first: float, most: float, random: Callable[[], float]) -> None:
        self._first = first
        self._most = most
        self._random = random
        self._next = first

    def next(self) -> float:
        """Half to one and a half times the current pause."""
        pause = self._next
        self._next = min(self._most, 1.8 * pause)
        return pause * (0.5 + self._random())

    def slow_down(self) -> None:
        """The longest pause from now on."""
        self._next = self._most

    def reset(self) -> None:
        self._next = self._first

    def endless(self) -> Generator[float, None, None]:
        """The same pauses as the websockets library asks for them."""
        while True:
            yield self.next()
