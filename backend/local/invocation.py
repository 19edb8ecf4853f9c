"""The events that API Gateway gives a function, and the frames it sends of its own. Pure.

The shapes are those of captures of real deployments.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from shared.messages import REQUESTS

DEFAULT_ROUTE: Final = "$default"
API_ID: Final = "local"
STAGE: Final = "local"

FAILED: Final = "Internal server error"
THROTTLED: Final = "Too Many Requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What is known of a client since it connected; ``connected_at`` is epoch ms."""

    connection: str
    connected_at: int
    source_ip: str
    user_agent: str | None
    domain: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a connection ended."""

    code: int
    reason: str


def new_id() -> str:
    """An id of a connection, request or message: 11 random bytes, 16 characters ending in ``=``."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()


def route_of(body: str) -> str:
    """The route that ``${request.body.type}`` selects."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return DEFAULT_ROUTE
    kind = fields.get("type") if isinstance(fields, dict) else None
    return kind if isinstance(kind, str) and kind in REQUESTS else DEFAULT_ROUTE


def message_event(caller: Caller, body: str, now: int) -> dict[str, Any]:
    """The event of a frame."""
    context = _context(caller, route_of(body), "MESSAGE", now)
    return {
        "requestContext": context | {"messageId": new_id()},
        "body": body,
        "isBase64Encoded": False,
    }


def disconnect_event(caller: Caller, ending: Ending, now: int) -> dict[str, Any]:
    """The event of a connection that ended."""
    headers = {"Host": caller.domain, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    context = _context(caller, "$disconnect", "DISCONNECT", now)
    return {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": context
        | {"disconnectStatusCode": ending.code, "disconnectReason": ending.reason},
        "isBase64Encoded": False,
    }


def notice(message: str, connection: str, request_id: str) -> str:
    """A frame of the gateway itself, spaced as API Gateway spaces it."""
    return f'{{"message": "{message}", "connectionId":"{connection}", "requestId":"{request_id}"}}'


def _context(caller: Caller, route: str, kind: str, now: int) -> dict[str, Any]:
    request_id = new_id()
    identity = {"sourceIp": caller.source_ip}
    if caller.user_agent is not None:
        identity["userAgent"] = caller.user_agent
    return {
        "routeKey": route,
        "eventType": kind,
        "extendedRequestId": request_id,
        "requestTime": datetime.fromtimestamp(now / 1000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "messageDirection": "IN",
        "stage": STAGE,
        "connectedAt": caller.connected_at,
        "requestTimeEpoch": now,
        "identity": identity,
        "requestId": request_id,
        "domainName": caller.domain,
        "connectionId": caller.connection,
        "apiId": API_ID,
    }
