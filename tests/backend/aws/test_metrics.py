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


def test_a_beat_is_written_in_each_minute(capsys: pytest.CaptureFixture[str]) -> None:
    """Calls leave one trace in each minute of the clock, so that a silence means something."""
    clock = ManualClock(60_000 * 29_000_000)
    metrics = EmbeddedMetrics("noughts", clock)
    beats = []
    for seconds in (0, 30, 29, 1, 59, 1, 600):
        clock.advance(seconds=seconds)
        metrics.beat()
        beats.append(capsys.readouterr().out.count('"Alive":1'))
    assert beats == [1, 0, 0, 1, 0, 1, 1]
