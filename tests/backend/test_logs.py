"""What an outage leaves in the log."""

import logging

import pytest

from backend.handlers.logs import PAUSE_MS, Sparing
from tests.backend.memory import ManualClock


class Lines(logging.Handler):
    """The platform's own handler of log records, with what it got."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def lines(clock: ManualClock) -> Lines:
    handler = Lines()
    handler.addFilter(Sparing(clock))
    return handler


@pytest.fixture
def log(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    logger = logging.getLogger("sparing")
    monkeypatch.setattr(logger, "handlers", [lines])
    return logger


def test_a_minute_of_one_failure_is_one_line(
    log: logging.Logger, lines: Lines, clock: ManualClock
) -> None:
    """What fails again and again is said once a minute, with how often it was not said."""
    for number in range(5):
        log.warning("%s failed: %s", "put_item", "500")
        clock.advance(ms=PAUSE_MS // 5)
        assert len(lines.said) == 1, number
    for _ in range(2):
        log.warning("%s failed: %s", "put_item", "500")
    assert lines.said == ["put_item failed: 500", "put_item failed: 500 (and 4 times before)"]


def test_what_differs_is_said(log: logging.Logger, lines: Lines) -> None:
    """Another failure, or the same of another exception, is another line."""
    for cause in ("500", "403"):
        log.warning("%s failed: %s", "put_item", cause)
    for error in (KeyError("Items"), TypeError("no"), KeyError("Item")):
        try:
            raise error
        except (KeyError, TypeError):
            log.exception("a request failed")
    assert lines.said == ["put_item failed: 500", "put_item failed: 403"] + 2 * ["a request failed"]


def test_what_is_no_warning_is_always_said(log: logging.Logger, lines: Lines) -> None:
    """The lines of a server's life are said as often as they come."""
    log.setLevel(logging.INFO)
    for _ in range(3):
        log.info("running")
    assert lines.said == ["running"] * 3


def test_what_is_remembered_is_bounded(log: logging.Logger, lines: Lines) -> None:
    """Lines that are all different are all said, and not all remembered."""
    for number in range(1000):
        log.warning("line %d", number)
    assert len(lines.said) == 1000
    [filter_] = lines.filters
    assert isinstance(filter_, Sparing)
    assert len(filter_._passed) <= 100
