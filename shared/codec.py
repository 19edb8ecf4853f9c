"""The only place that knows JSON: strict about requests, tolerant of what is new in events.

A request that cannot be read is a `Refusal`, with its ``ref`` where that could be read; an event
that cannot be read is a `ProtocolError`.
"""

import json
import re
from typing import Any, Final, NoReturn, cast, get_args

import msgspec

from shared import crockford
from shared.constants import PROTOCOL_VERSION
from shared.errors import ErrorCode, ProtocolError, Refusal
from shared.messages import (
    MAX_REQUEST_BYTES,
    REQUESTS,
    AnyEvent,
    AnyRequest,
    Event,
    GatewayNotice,
    Ref,
    Request,
)

_encoder: Final = msgspec.json.Encoder()
# To convert to one type takes 1 µs. The union of all is looked into anew each time, which takes 20.
_EVENT_TYPES: Final = {str(kind.__struct_config__.tag): kind for kind in get_args(AnyEvent)}
_FIELD: Final = re.compile(r"(?P<reason>.*) - at `\$\.(?P<field>[^`]*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<field>\w+)`")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Frame(str):  # noqa: SLOT000 (text of any length can have none)
    """The text of a frame, which is parsed once, however many ask what it holds."""

    _fields: dict[str, Any] | None

    @property
    def fields(self) -> dict[str, Any] | None:
        """The fields of its JSON object; None where it is none."""
        try:
            return self._fields
        except AttributeError:
            self._fields = _parsed(self)
            return self._fields


def encode(message: Request | Event | GatewayNotice) -> str:
    """One frame: JSON text without line breaks."""
    return _encoder.encode(message).decode()


def decode_request(body: str) -> AnyRequest:
    """The request in a frame.

    Raises:
        Refusal: ``too_large``, ``bad_json``, ``unknown_type``, ``unsupported_version``, or
            ``bad_request``, whose message begins with the name of the field.
    """
    # A lone surrogate cannot be UTF-8, but can reach a function in an event that was JSON itself.
    size = len(body) if body.isascii() else len(body.encode(errors="surrogatepass"))
    fields = body.fields if isinstance(body, Frame) else _parsed(body)
    if fields is None:
        raise _too_large(size) if size > MAX_REQUEST_BYTES else _not_an_object()
    try:
        if size > MAX_REQUEST_BYTES:
            raise _too_large(size)
        return _request(fields)
    except Refusal as refusal:
        refusal.ref = _ref_of(fields)
        refusal.game_id = _game_id_of(fields)
        raise


def decode_event(frame: str) -> AnyEvent | GatewayNotice | None:
    """The event in a frame, its text safe to print; None for a type unknown to this version.

    Raises:
        ProtocolError: the frame is no event of this protocol.
    """
    try:
        fields = msgspec.json.decode(frame)
        if not isinstance(fields, dict):
            raise ProtocolError("The server sent something that is not a JSON object.")
        kind = fields.get("type")
        if kind is None:
            return msgspec.convert(fields, GatewayNotice)
        if kind not in _EVENT_TYPES:
            return None
        event: AnyEvent = msgspec.convert(fields, _EVENT_TYPES[kind])
    except (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError) as error:
        raise ProtocolError("The server sent a frame that cannot be read.") from error
    return event


# json and not msgspec.json reads requests: it lets lone surrogates through, which names are cleaned
# of, and what was read of a wrong request still tells its ref.
def _parsed(body: str) -> dict[str, Any] | None:
    try:
        fields = _decoder.decode(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    # A surrogate is in the text itself, or is written as an escape.
    if body.isascii() and "\\u" not in body:
        return fields
    return {_whole(name): _whole(value) for name, value in fields.items()}


# msgspec looks at text as UTF-8, which a lone surrogate has none of. What stands for it here is a
# code point that is no character: no field but a name may have it, and names are cleaned of it.
def _whole(value: Any) -> Any:
    return _LONE_SURROGATE.sub("\uffff", value) if isinstance(value, str) else value


def _not_an_object() -> Refusal:
    return Refusal(ErrorCode.BAD_JSON, "A request must be one JSON object.")


def _too_large(size: int) -> Refusal:
    return Refusal(
        ErrorCode.TOO_LARGE, f"A request can have {MAX_REQUEST_BYTES} bytes; this one has {size}."
    )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder: Final = json.JSONDecoder(parse_constant=_no_constant)


def _request(fields: dict[str, Any]) -> AnyRequest:
    kind = fields.get("type")
    if not isinstance(kind, str) or kind not in REQUESTS:
        raise Refusal(
            ErrorCode.UNKNOWN_TYPE, f"A request has one of these types: {', '.join(REQUESTS)}."
        )
    # First, for another version can have other fields.
    version = fields.get("v") if "v" in REQUESTS[kind].__struct_fields__ else None
    is_number = isinstance(version, int) and not isinstance(version, bool)
    if is_number and version != PROTOCOL_VERSION:
        raise Refusal(
            ErrorCode.UNSUPPORTED_VERSION,
            f"This server speaks version {PROTOCOL_VERSION} of the protocol only.",
        )
    try:
        request = msgspec.convert(fields, REQUESTS[kind])
    except msgspec.ValidationError as error:
        raise Refusal(ErrorCode.BAD_REQUEST, _sentence(error)) from None
    return cast("AnyRequest", request)


def _sentence(error: msgspec.ValidationError) -> str:
    """``field: reason.``, whichever way msgspec puts it; no value of the request is repeated."""
    text = str(error)
    if found := _FIELD.fullmatch(text):
        reason = found["reason"]
        if reason.startswith("Invalid enum value"):
            reason = "not one of the values it can have"
        elif "matching regex" in reason:
            reason = "not in the form it must have"
        return f"{found['field']}: {reason[0].lower()}{reason[1:].replace('`', '')}."
    if found := _MISSING.match(text):
        return f"{found['field']}: is missing."
    return f"{text}."


def _ref_of(fields: dict[str, Any]) -> str | None:
    try:
        ref = msgspec.convert(fields.get("ref"), Ref)
    except msgspec.ValidationError:
        return None
    return ref if ref.isprintable() else None


def _game_id_of(fields: dict[str, Any]) -> str | None:
    text = fields.get("id")
    try:
        return crockford.game_code(text) if isinstance(text, str) else None
    except ValueError:
        return None
