"""The protocol for machines: AsyncAPI 3 and JSON Schema, made of the message types.

Everything here follows from `shared.messages`, so a new field or message needs no second place. The
embedded gateway serves the document; `docs/protocol/` keeps the same text for readers.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

import msgspec

from shared.constants import PORT, PROGRAM, PROTOCOL_VERSION
from shared.errors import ErrorCode
from shared.messages import (
    REQUESTS,
    AnyEvent,
    Claim,
    Claimed,
    Emote,
    Emoted,
    Error,
    Event,
    GatewayNotice,
    Join,
    Joined,
    Leave,
    Left,
    List,
    Listed,
    Message,
    Ping,
    Play,
    Played,
    Pong,
    Presence,
    QuickMatch,
    Rematch,
    RematchOffered,
    Replaced,
    Request,
    Resign,
    Resigned,
    Resume,
    Resumed,
    Start,
    Started,
    Watch,
    Watching,
)

REPLIES: Final[Mapping[type[Request], tuple[type[Event], ...]]] = {
    Start: (Started,),
    Join: (Joined,),
    QuickMatch: (Started, Joined),
    Play: (Played,),
    Resume: (Resumed,),
    Leave: (Left,),
    Resign: (Resigned,),
    Claim: (Claimed,),
    Rematch: (RematchOffered,),
    Watch: (Watching,),
    List: (Listed,),
    Emote: (Emoted,),
    Ping: (Pong,),
}
"""What answers each request, besides an `Error`."""

ALWAYS: Final = frozenset({ErrorCode.BAD_REQUEST, ErrorCode.BUSY, ErrorCode.INTERNAL})
"""What can refuse any request."""

NO_REQUEST: Final = frozenset({ErrorCode.BAD_JSON, ErrorCode.TOO_LARGE, ErrorCode.UNKNOWN_TYPE})
"""What refuses a frame that is no request."""

REFUSALS: Final[Mapping[type[Request], frozenset[ErrorCode]]] = {
    Start: frozenset({ErrorCode.OWN_GAME, ErrorCode.TOO_MANY}),
    Join: frozenset(
        {
            *(ErrorCode.NO_SUCH_GAME, ErrorCode.GAME_FULL, ErrorCode.GAME_OVER),
            *(ErrorCode.OWN_GAME, ErrorCode.TOO_MANY),
        }
    ),
    QuickMatch: frozenset(
        {
            *(ErrorCode.NO_SUCH_GAME, ErrorCode.NOT_SEATED, ErrorCode.GAME_OVER),
            *(ErrorCode.OWN_GAME, ErrorCode.TOO_MANY),
        }
    ),
    Play: frozenset(
        {
            *(ErrorCode.NO_SUCH_GAME, ErrorCode.NOT_SEATED, ErrorCode.NOT_STARTED),
            *(ErrorCode.GAME_OVER, ErrorCode.STALE, ErrorCode.NOT_YOUR_TURN),
            ErrorCode.TILE_TAKEN,
        }
    ),
    Resume: frozenset({ErrorCode.NO_SUCH_GAME, ErrorCode.BAD_TOKEN, ErrorCode.OWN_GAME}),
    Leave: frozenset({ErrorCode.NO_SUCH_GAME}),
    Resign: frozenset(
        {
            *(ErrorCode.NO_SUCH_GAME, ErrorCode.NOT_SEATED, ErrorCode.NOT_STARTED),
            ErrorCode.GAME_OVER,
        }
    ),
    Claim: frozenset(
        {
            *(ErrorCode.NO_SUCH_GAME, ErrorCode.NOT_SEATED, ErrorCode.NOT_STARTED),
            *(ErrorCode.GAME_OVER, ErrorCode.TOO_EARLY),
        }
    ),
    Rematch: frozenset(
        {
            *(ErrorCode.NO_SUCH_GAME, ErrorCode.NOT_SEATED, ErrorCode.NOT_STARTED),
            *(ErrorCode.GAME_OVER, ErrorCode.TOO_EARLY),
        }
    ),
    Watch: frozenset({ErrorCode.NO_SUCH_GAME, ErrorCode.TOO_MANY}),
    List: frozenset(),
    Emote: frozenset({ErrorCode.NO_SUCH_GAME, ErrorCode.NOT_SEATED, ErrorCode.TOO_EARLY}),
    Ping: frozenset({ErrorCode.NO_SUCH_GAME}),
}
"""What else can refuse each request; ``unsupported_version`` where it has a ``v``."""

PUSHES: Final[tuple[type[Event], ...]] = (
    *(Joined, Played, Resigned, Claimed, RematchOffered, Emoted, Presence, Replaced),
)
"""What a client is sent without having asked."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SCHEMAS: Final = "#/components/schemas/{name}"
_MESSAGES: Final = "#/components/messages/"
_CHANNEL: Final = "#/channels/game"

Document = dict[str, Any]


def asyncapi() -> Document:
    """The whole protocol as an AsyncAPI 3 document, from the server's point of view.

    An operation ``receive`` is a request of a client, with the events that can answer it; the one
    operation ``send`` is what a client is pushed.
    """
    kinds = (*REPLIES, *get_args(AnyEvent), GatewayNotice)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": PROGRAM,
            "version": f"{PROTOCOL_VERSION}.0.0",
            "description": (
                "The wire protocol between any client and the game service. What the messages "
                "mean, and what a client may rely on, is written in docs/protocol.md."
            ),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {
            "game": {
                "address": "/",
                "description": "One WebSocket connection; every frame is one JSON object.",
                "messages": {_name(kind): {"$ref": _MESSAGES + _name(kind)} for kind in kinds},
            }
        },
        "operations": {
            **{_tag(request): _operation(request) for request in REPLIES},
            "push": {
                "action": "send",
                "channel": {"$ref": _CHANNEL},
                "summary": "What a client is sent without having asked.",
                "messages": _in_channel((*PUSHES, GatewayNotice)),
            },
        },
        "components": {
            "messages": {_name(kind): _message(kind) for kind in kinds},
            "schemas": _schemas(kinds, _SCHEMAS),
        },
    }


def schemas() -> dict[str, Document]:
    """JSON Schemas by file name: one for all requests, one for all that a server sends.

    The root accepts any of the messages; each stands under ``$defs`` by the name of its type.
    """
    return {
        "requests.json": _collection("A frame of a client", tuple(REQUESTS.values())),
        "events.json": _collection("A frame of a server", (*get_args(AnyEvent), GatewayNotice)),
    }


def refusals(request: type[Request]) -> frozenset[ErrorCode]:
    """Every code that can refuse a request of this type."""
    versioned = {ErrorCode.UNSUPPORTED_VERSION} if "v" in request.__struct_fields__ else set()
    return ALWAYS | REFUSALS[request] | versioned


def _collection(title: str, kinds: tuple[type[Message], ...]) -> Document:
    return {
        "$schema": DIALECT,
        "title": f"{title}, version {PROTOCOL_VERSION}",
        "oneOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in kinds],
        "$defs": _schemas(kinds, "#/$defs/{name}"),
    }


def _servers() -> Document:
    return {
        "embedded": {
            "host": f"127.0.0.1:{PORT}",
            "protocol": "ws",
            "description": "The gateway of one machine: noughts-tui serve.",
        },
        "aws": {
            "host": "{api}.execute-api.{region}.amazonaws.com",
            "pathname": "/{stage}",
            "protocol": "wss",
            "description": "The deployed stack; its output websocketEndpoint is this address.",
            "variables": {
                "api": {"description": "The id of the WebSocket API."},
                "region": {"description": "The AWS region.", "default": "us-east-1"},
                "stage": {"description": "The stage.", "default": "prod"},
            },
        },
    }


def _operation(request: type[Request]) -> Document:
    return {
        "action": "receive",
        "channel": {"$ref": _CHANNEL},
        "summary": _first_sentence(request),
        "messages": _in_channel((request,)),
        "reply": {
            "channel": {"$ref": _CHANNEL},
            "messages": _in_channel((*REPLIES[request], Error)),
        },
        "x-error-codes": sorted(map(str, refusals(request))),
    }


def _in_channel(kinds: Iterable[type[Message]]) -> list[Document]:
    return [{"$ref": f"{_CHANNEL}/messages/{_name(kind)}"} for kind in kinds]


def _message(kind: type[Message]) -> Document:
    return {
        "name": _name(kind),
        "title": kind.__name__,
        "summary": _first_sentence(kind),
        "payload": {"$ref": _SCHEMAS.format(name=kind.__name__)},
    }


def _tag(kind: type[Message]) -> str:
    return str(kind.__struct_config__.tag)


def _name(kind: type[Message]) -> str:
    """The message's name in the document: a request and an event can have the same ``type``."""
    if issubclass(kind, Request):
        return f"request.{_tag(kind)}"
    return f"event.{_tag(kind)}" if issubclass(kind, Event) else "notice"


def _first_sentence(kind: type[Message]) -> str:
    return (kind.__doc__ or kind.__name__).strip().partition("\n")[0]


def _schemas(kinds: Iterable[type[Message]], template: str) -> Document:
    _, found = msgspec.json.schema_components(kinds, ref_template=template)
    return {name: _portable(schema) for name, schema in sorted(found.items())}


# JSON Schema's patterns are ECMAScript's, which has no \Z; its $ is the very end, as \Z is here.
def _portable(schema: Any) -> Any:
    match schema:
        case {"pattern": str(pattern), **rest}:
            return {**_portable(rest), "pattern": pattern.replace(r"\Z", "$")}
        case dict():
            return {name: _portable(value) for name, value in schema.items()}
        case list():
            return [_portable(value) for value in schema]
        case str():
            return " ".join(schema.split())
        case _:
            return schema
