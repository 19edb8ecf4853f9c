"""Log lines that an outage does not multiply."""

import logging
from collections import Counter
from typing import Final

from backend.core.ports import Clock

PAUSE_MS: Final = 60_000
# More than this program has; a library can put anything into a message.
_KINDS: Final = 100

_Kind = tuple[str, type[BaseException] | None]


class Sparing(logging.Filter):
    """Lets each kind of line through once a minute; the next says how many were left out.

    Lines of one kind say the same, of the same exception. Counts lose nothing by it: metrics are
    printed, and never logged.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._passed: dict[_Kind, int] = {}
        self._left_out: Counter[_Kind] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True  # said once anyway, or because somebody asked
        raised = record.exc_info[0] if record.exc_info else None
        kind = (record.getMessage(), raised)
        now = self._clock.now()
        if now - self._passed.get(kind, now - PAUSE_MS) < PAUSE_MS:
            self._left_out[kind] += 1
            return False
        if len(self._passed) >= _KINDS:
            self._passed.clear()
        self._passed[kind] = now
        if left_out := self._left_out.pop(kind, 0):
            record.msg, record.args = f"{kind[0]} (and {left_out} times before)", ()
        return True
