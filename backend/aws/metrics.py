"""Counts as lines of CloudWatch's embedded metric format, which cost no call. Imports core."""

import json
import logging
from collections.abc import Mapping
from typing import Final

from backend.core.ports import Clock, Metric

NAMESPACE: Final = "Noughts"
DIMENSION: Final = "Stack"


FAULTS: Final = "Faults"


class EmbeddedMetrics:
    """`backend.core.ports.Metrics` on standard output; ``stack`` tells deployments apart."""

    def __init__(self, stack: str, clock: Clock) -> None:
        self._stack = stack
        self._clock = clock

    def count(self, counts: Mapping[Metric, int]) -> None:
        self._write({str(name): number for name, number in counts.items()})

    def count_fault(self) -> None:
        """Counts a request that failed by a fault of the service."""
        self._write({FAULTS: 1})

    def _write(self, counts: dict[str, int]) -> None:
        described = {
            "Namespace": NAMESPACE,
            "Dimensions": [[DIMENSION]],
            "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
        }
        directive = {"Timestamp": self._clock.now(), "CloudWatchMetrics": [described]}
        line = {"_aws": directive, DIMENSION: self._stack, **counts}
        print(json.dumps(line, separators=(",", ":")), flush=True)  # noqa: T201 (it is the format)


class FaultCounter(logging.Handler):
    """Counts what is logged as an error: the handler answers faults, so that no call fails."""

    def __init__(self, metrics: EmbeddedMetrics) -> None:
        super().__init__(logging.ERROR)
        self._metrics = metrics

    def emit(self, _record: logging.LogRecord) -> None:
        self._metrics.count_fault()
