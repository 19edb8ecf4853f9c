"""What is counted, as CloudWatch reads it."""

import json

import pytest

from backend.aws.metrics import EmbeddedMetrics
from backend.core.ports import Metric
from tests.backend.memory import ManualClock


def test_a_count_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts are one line in the embedded metric format, told apart by deployment."""
    clock = ManualClock()
    EmbeddedMetrics("noughts", clock).count({Metric.FINISHED: 1, Metric.MOVES: 7})
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "_aws": {
            "Timestamp": clock.now(),
            "CloudWatchMetrics": [
                {
                    "Namespace": "Noughts",
                    "Dimensions": [["Stack"]],
                    "Metrics": [
                        {"Name": "GamesFinished", "Unit": "Count"},
                        {"Name": "Moves", "Unit": "Count"},
                    ],
                }
            ],
        },
        "Stack": "noughts",
        "GamesFinished": 1,
        "Moves": 7,
    }
