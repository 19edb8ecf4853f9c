"""The events that API Gateway gives a function, and the frames it sends of its own. Pure.

The shapes are those of captures of real deployments.
"""

import base64
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from shared.codec import Frame
from shared.messages import REQUESTS

DEFAULT_ROUTE: Final = "$default"
API_ID: Final = "local"
STAGE: Final = "local"

_IDS_AT_ONCE: Final = 256

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
    return next(_ids)


# Each frame has two. To ask the system for each would let the other thread have its turn each time.
def _drawn_ids() -> Iterator[str]:
    while True:
        drawn = secrets.token_bytes(11 * _IDS_AT_ONCE)
        for place in range(_IDS_AT_ONCE):
            yield base64.urlsafe_b64encode(drawn[11 * place : 11 * (place + 1)]).decode()


_ids: Final = _drawn_ids()


def route_of(frame: Frame) -> str:
    """The route that ``${request.body.type}`` selects."""
    kind = frame.fields.get("type") if frame.fields is not None else None
    return kind if isinstance(kind, str) and kind in REQUESTS else DEFAULT_ROUTE


def message_event(caller: Caller, frame: Frame, now: int) -> dict[str, Any]:
    """The event of a frame."""
    context = _context(caller, route_of(frame), "MESSAGE", now)
    context["messageId"] = new_id()
    return {"requestContext": context, "body": frame, "isBase64Encoded": False}


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
        "requestTime": _written_time(now // 1000),
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


# Thousands of requests can fall into one second.
@lru_cache(maxsize=1)
def _written_time(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
