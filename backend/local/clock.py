"""The clock of the embedded gateway."""

import time


class SteadyClock:
    """`backend.core.ports.Clock` of this machine, which is never set back while it runs.

    It follows the machine's clock forward, as after a sleep, and goes on steadily where that one is
    set back: nobody waits an hour longer for a claim because somebody corrected the time.
    """

    def __init__(self) -> None:
        self._ahead = time.time_ns() - time.monotonic_ns()

    def now(self) -> int:
        steady = time.monotonic_ns()
        self._ahead = max(self._ahead, time.time_ns() - steady)
        return (self._ahead + steady) // 1_000_000
