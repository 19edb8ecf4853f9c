"""The clock of every host."""

import time


class SystemClock:
    """`backend.core.ports.Clock` of this machine."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000
