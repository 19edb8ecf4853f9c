"""Counts as lines of CloudWatch's embedded metric format, which cost no call."""

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from backend.core.ports import Clock, Metric

NAMESPACE: Final = "Noughts"
DIMENSION: Final = "Stack"


FAULTS: Final = "Faults"
TABLE_FAILURES: Final = "TableFailures"
CONNECTION_FAILURES: Final = "ConnectionFailures"
ALIVE: Final = "Alive"
_MINUTE_MS: Final = 60_000


class EmbeddedMetrics:
    """`backend.core.ports.Metrics` on standard output; ``stack`` tells deployments apart."""

    def __init__(self, stack: str, clock: Clock) -> None:
        self._stack = stack
        self._clock = clock
        self._minute = 0

    def count(self, counts: Mapping[Metric, int]) -> None:
        self._write({str(name): number for name, number in counts.items()})

    def count_fault(self) -> None:
        """Counts a request that failed by a fault of the service."""
        self._write({FAULTS: 1})

    def count_table_failure(self) -> None:
        """Counts a call of the table that failed, whatever became of the request."""
        self._write({TABLE_FAILURES: 1})

    def count_connection_failure(self) -> None:
        """Counts a call of @connections that failed: a push is lost, or nobody was looked for."""
        self._write({CONNECTION_FAILURES: 1})

    def beat(self) -> None:
        """Says once in each minute of the clock that counts are heard of.

        Whoever sees calls of the function and no beat knows that every other count is missing too.
        """
        minute = self._clock.now() // _MINUTE_MS
        if minute != self._minute:
            self._minute = minute
            self._write({ALIVE: 1})

    def _write(self, counts: dict[str, int]) -> None:
        described = {
            "Namespace": NAMESPACE,
            "Dimensions": [[DIMENSION]],
            "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
        }
        directive = {"Timestamp": self._clock.now(), "CloudWatchMetrics": [described]}
        line = {"_aws": directive, DIMENSION: self._stack, **counts}
        # A request is served also when nobody can be told of it: broken or closed output.
        with suppress(OSError, ValueError):
            print(json.dumps(line, separators=(",", ":")), flush=True)  # noqa: T201 (it is the format)


class FaultCounter(logging.Handler):
    """Counts what is logged as an error: the handler answers faults, so that no call fails."""

    def __init__(self, metrics: EmbeddedMetrics) -> None:
        super().__init__(logging.ERROR)
        self._metrics = metrics

    def emit(self, _record: logging.LogRecord) -> None:
        self._metrics.count_fault()
