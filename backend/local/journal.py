"""The log of a server's life: one line for what happens once, few for what happens often.

Lines hold no address, name, code or token of a player.
"""

import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Final

from shared.serve_options import LogFormat

PAUSE_SECONDS: Final = 60
_TEXT: Final = "%(asctime)s %(levelname)s %(message)s"
# What happens to one connection of many is the metrics' business.
_CHATTY: Final = ("asyncio", "websockets")


class Rarely(logging.Filter):
    """Lets a warning through that was not written within the last minute.

    Warnings are the same when one line of the program writes them; the next one written says how
    many were not. So neither a full disk nor a flood can fill the log.
    """

    def __init__(
        self, pause: float = PAUSE_SECONDS, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._pause = pause
        self._now = now
        self._written: dict[tuple[str, int], float] = {}
        self._missed: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        kind, now = (record.pathname, record.lineno), self._now()
        if now - self._written.get(kind, -self._pause) < self._pause:
            self._missed[kind] = self._missed.get(kind, 0) + 1
            return False
        self._written[kind] = now
        if missed := self._missed.pop(kind, 0):
            record.msg = f"{record.getMessage()} ({missed} more like this since the last line)"
            record.args = ()
        return True


class JsonLines(logging.Formatter):
    """Each record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def begin(log_format: LogFormat) -> None:
    """Writes the log of this process to standard error from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else logging.Formatter(_TEXT))
    handler.addFilter(Rarely())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # A log that cannot be written, as on a full disk, must not be complained about there.
    logging.raiseExceptions = False
