"""Counts as lines of CloudWatch's embedded metric format, which cost no call. Imports core."""

import json
from collections.abc import Mapping
from typing import Any, Final

from backend.core.ports import Clock, Metric

NAMESPACE: Final = "Noughts"
DIMENSION: Final = "Stack"


class EmbeddedMetrics:
    """`backend.core.ports.Metrics` on standard output; ``stack`` tells deployments apart."""

    def __init__(self, stack: str, clock: Clock) -> None:
        self._stack = stack
        self._clock = clock

    def count(self, counts: Mapping[Metric, int]) -> None:
        described = {
            "Namespace": NAMESPACE,
            "Dimensions": [[DIMENSION]],
            "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
        }
        line: dict[str, Any] = {
            "_aws": {"Timestamp": self._clock.now(), "CloudWatchMetrics": [described]},
            DIMENSION: self._stack,
        } | dict(counts)
        print(json.dumps(line, separators=(",", ":")), flush=True)  # noqa: T201 (it is the format)
