"""The Lambda function: everything is made once, when this module is imported. Imports backend.aws.

The environment says where things are. The platform writes logs as JSON; only warnings and what is
worse get there, and they hold no frames, tokens or addresses.
"""

import logging
import os
from typing import Final

from backend.aws.metrics import EmbeddedMetrics, FaultCounter
from backend.aws.wiring import Surroundings, assemble, make_session
from backend.handlers.clock import SystemClock
from backend.handlers.entry import Handler

_surroundings: Final = Surroundings.read(os.environ)
_clock: Final = SystemClock()
_metrics: Final = EmbeddedMetrics(_surroundings.stack, _clock)

logging.getLogger().setLevel(logging.WARNING)
logging.getLogger().addHandler(FaultCounter(_metrics))
handler: Final[Handler] = assemble(make_session(), _surroundings, _clock, _metrics)
