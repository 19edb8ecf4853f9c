"""The log of a server's life: one line for what happens once, few for what happens often.

Lines hold no address, name, code or token of a player.
"""

import json
import logging
import sys
import time
from typing import Final

from backend.handlers.clock import SystemClock
from backend.handlers.logs import Sparing
from shared.serve_options import LogFormat

_TEXT: Final = "%(asctime)s %(levelname)s %(message)s"
# What happens to one connection of many is the metrics' business.
_CHATTY: Final = ("asyncio", "websockets")


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
    handler.addFilter(Sparing(SystemClock()))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # A log that cannot be written, as on a full disk, must not be complained about there.
    logging.raiseExceptions = False
