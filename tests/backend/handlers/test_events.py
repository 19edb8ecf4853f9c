"""API Gateway's events, read into what happened."""

import base64
from typing import Any

import pytest

from backend.handlers import events
from backend.handlers.clock import SystemClock
from backend.handlers.events import BadEvent, Connected, Disconnected, Message


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"requestContext": {"eventType": kind, "connectionId": "ada="}, **fields}


@pytest.mark.parametrize(
    ("given", "happened"),
    [
        (event("CONNECT"), Connected("ada=")),
        (event("DISCONNECT"), Disconnected("ada=")),
        (event("MESSAGE", body="{}"), Message("ada=", "{}")),
        (event("MESSAGE", body="{}", isBase64Encoded=False), Message("ada=", "{}")),
        (event("MESSAGE"), Message("ada=", "")),
        (event("MESSAGE", body=None), Message("ada=", "")),
        (event("MESSAGE", body=5), Message("ada=", "5")),
        (
            event("MESSAGE", body=base64.b64encode("é".encode()).decode(), isBase64Encoded=True),
            Message("ada=", "é"),
        ),
        (
            event("MESSAGE", body=base64.b64encode(b"\xff").decode(), isBase64Encoded=True),
            Message("ada=", "\ufffd"),
        ),
        (event("MESSAGE", body="e30=!", isBase64Encoded=True), Message("ada=", "")),
    ],
)
def test_what_happened(given: dict[str, Any], happened: object) -> None:
    """Each event is read as what it says, whatever its body is."""
    assert events.read(given) == happened


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "the event has no requestContext of a WebSocket API"),
        ({"requestContext": None}, "the event has no requestContext of a WebSocket API"),
        ({"requestContext": {"eventType": "MESSAGE"}}, "the event has no requestContext of a Web"),
        ({"requestContext": {"connectionId": "ada="}}, "the event has no requestContext of a Web"),
        (event("PING"), "the event has the unknown eventType 'PING'"),
    ],
)
def test_what_is_no_event(given: dict[str, Any], sentence: str) -> None:
    """Whoever calls the function with something else learns what is wrong with it."""
    with pytest.raises(BadEvent, match=f"^{sentence}"):
        events.read(given)


def test_a_body_is_not_logged() -> None:
    """A frame can hold a token, which no log line may show."""
    assert repr(Message("ada=", "secret")) == "Message(connection='ada=')"


def test_a_response() -> None:
    """A reply is the body, and silence has none."""
    assert events.response("{}") == {"statusCode": 200, "body": "{}"}
    assert events.response() == {"statusCode": 200}


def test_the_clock_counts_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are epoch ms."""
    monkeypatch.setattr("time.time_ns", lambda: 1_700_000_000_123_999_999)
    assert SystemClock().now() == 1_700_000_000_123
