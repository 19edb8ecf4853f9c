"""API Gateway's event dicts, read into types, and its responses.

The shape is that of captures of real deployments: ``requestContext`` holds ``eventType``,
``routeKey`` and ``connectionId``; only messages have a ``body``.
"""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any


class BadEvent(ValueError):
    """The event is not one of a WebSocket API."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A client connected."""

    connection: str


@dataclass(frozen=True, slots=True)
class Message:
    """A client sent a frame. ``body`` is not shown in logs: it can hold a token."""

    connection: str
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A connection ended."""

    connection: str


Occurrence = Connected | Message | Disconnected


def read(event: dict[str, Any]) -> Occurrence:
    """What happened, told by ``eventType`` and never by the route, which a client chooses.

    Raises:
        BadEvent: the event is not one of a WebSocket API.
    """
    try:
        context = event["requestContext"]
        kind, connection = context["eventType"], context["connectionId"]
    except (KeyError, TypeError) as error:
        raise BadEvent("the event has no requestContext of a WebSocket API") from error
    match kind:
        case "MESSAGE":
            return Message(connection, _body(event))
        case "DISCONNECT":
            return Disconnected(connection)
        case "CONNECT":
            return Connected(connection)
        case _:
            raise BadEvent(f"the event has the unknown eventType {kind!r}")


def _body(event: dict[str, Any]) -> str:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body if isinstance(body, str) else str(body)
    try:
        return base64.b64decode(body, validate=True).decode(errors="replace")
    except binascii.Error:
        return ""


def response(body: str | None = None) -> dict[str, Any]:
    """What a two-way route sends its client: the body only. Without a body the client gets nothing.

    Always 200: what a client gets for another status with a body is contradictory in the sources.
    """
    return {"statusCode": 200} if body is None else {"statusCode": 200, "body": body}
