"""The entry of the service: whatever fails behind it is logged and answered."""

import json
import logging
from typing import Any
from unittest.mock import patch

import pytest

from backend.core.ports import Busy
from backend.handlers.entry import Handler
from tests.backend.handlers.test_events import event
from tests.backend.harness import Harness

START = '{"type":"start","ref":"1","name":"Ada"}'
RESIGN = '{"type":"resign","ref":"1","id":"K7QF2M"}'
NOW = 1_800_000_000_000


@pytest.fixture
def table() -> Harness:
    return Harness()


def body(response: dict[str, Any]) -> dict[str, Any]:
    assert response["statusCode"] == 200
    read = json.loads(response["body"])
    assert isinstance(read, dict)
    return read


def test_a_message_is_answered(table: Harness) -> None:
    """A frame gets the reply of the service, and silence where there is none."""
    handle = Handler(table.service)
    answer = body(handle(event("MESSAGE", body=START)))
    assert (answer["type"], answer["ref"]) == ("init", "1")
    play = json.dumps({"type": "play", "id": answer["id"], "tile": "1,1"})
    assert body(handle(event("MESSAGE", body=play)))["code"] == "not_started"
    assert handle(event("CONNECT")) == {"statusCode": 200}


def test_a_connection_that_ended_loses_its_seats(table: Harness) -> None:
    """The service is told whose connection it was."""
    handle = Handler(table.service)
    with patch.object(table.service, "disconnected") as disconnected:
        assert handle(event("DISCONNECT")) == {"statusCode": 200}
    disconnected.assert_called_once_with("ada=")


@pytest.mark.parametrize(
    ("fault", "line", "level"),
    [
        (
            Busy("busy"),
            "the seats of a lost connection could not be looked up",
            logging.WARNING,
        ),
        (KeyError("x"), "a disconnect failed", logging.ERROR),
    ],
)
def test_a_disconnect_that_fails_is_logged(
    table: Harness, caplog: pytest.LogCaptureFixture, fault: Exception, line: str, level: int
) -> None:
    """The platform repeats no such event for an error, so it gets none."""
    with patch.object(table.service, "disconnected", side_effect=fault):
        assert Handler(table.service)(event("DISCONNECT")) == {"statusCode": 200}
    assert [(each.message, each.levelno) for each in caplog.records] == [(line, level)]


def test_a_fault_is_logged_and_answered(table: Harness, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asked learns that it was not his fault; the body is in no log line."""
    with patch.object(table.service, "_reply", side_effect=KeyError("x")):
        answer = body(Handler(table.service)(event("MESSAGE", body=RESIGN)))
    assert (answer["code"], answer["ref"], answer["id"]) == ("internal", "1", "K7QF2M")
    assert [each.message for each in caplog.records] == ["a request failed"]
    assert "K7QF2M" not in caplog.text


@pytest.mark.parametrize(
    ("error", "code"), [(Busy("busy"), "busy"), (OSError("disk full"), "internal")]
)
def test_what_could_not_be_kept_is_answered(table: Harness, error: Exception, code: str) -> None:
    """A request whose change was lost after all is answered by an error that names it."""
    handle = Handler(table.service)
    answer = body(handle.undone(event("MESSAGE", body=RESIGN), error))
    assert (answer["type"], answer["code"]) == ("error", code)
    assert (answer["ref"], answer["id"], answer["now"]) == ("1", "K7QF2M", table.clock.now())
    wrong = body(handle.undone(event("MESSAGE", body='{"type":"play","ref":"2"}'), error))
    assert (wrong["code"], wrong["ref"]) == (code, "2")
    assert handle.undone(event("DISCONNECT"), error) == {"statusCode": 200}
