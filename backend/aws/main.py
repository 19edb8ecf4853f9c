"""The Lambda function: everything is made once, when this module is imported.

The environment says where things are. The platform writes logs as JSON; only warnings and what is
worse get there, and they hold no frames, tokens or addresses.
"""

import gc
import logging
import os
from typing import Final

from backend.aws.metrics import EmbeddedMetrics, FaultCounter
from backend.aws.wiring import Function, Surroundings, assemble, make_session
from backend.handlers.clock import SystemClock
from backend.handlers.logs import Sparing

_surroundings: Final = Surroundings.read(os.environ)
_clock: Final = SystemClock()
_metrics: Final = EmbeddedMetrics(_surroundings.stack, _clock)
_root: Final = logging.getLogger()

_root.setLevel(logging.WARNING)
for _platform in _root.handlers:
    _platform.addFilter(Sparing(_clock))
# Without that filter: each fault counts.
_root.addHandler(FaultCounter(_metrics))
handler: Final[Function] = assemble(make_session(), _surroundings, _clock, _metrics)
# What is made by now stays as long as the function: no collection need look at it again.
gc.freeze()
